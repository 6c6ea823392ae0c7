"""The YAML file as a mapping, and what is said of one that is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from otel_mlflow.errors import SettingsError

FIX = "correct its name (Settings.load or OTEL_MLFLOW_CONFIG) or its permissions"


def read_yaml(path: Path, origin: str) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; an empty file holds an empty one.

    Raises `SettingsError` for any other, and for one that says a key twice: YAML would forget the first silently.
    """
    try:
        loader = yaml.SafeLoader(path.read_bytes())
        node = loader.get_single_node()
        document = loader.construct_document(node) if node is not None else None
    except OSError as error:
        raise SettingsError(f"{origin}: cannot be read: {error.strerror}; {FIX}") from None
    except yaml.YAMLError as error:
        # Not in YAML's own words: they quote the line, which may hold a secret.
        raise SettingsError(f"{origin}: is not YAML: {_problem(error)}") from None
    except RecursionError:
        raise SettingsError(f"{origin}: is nested too deeply; allowed: a mapping of settings") from None
    if document is not None and not isinstance(document, Mapping):
        raise SettingsError(f"{origin}: holds a {type(document).__name__}; allowed: a mapping of settings")
    if said_twice := ", ".join(_said_twice(node)):
        raise SettingsError(f"{origin}: says these keys twice, and only the last would count: {said_twice}")
    return {str(name): value for name, value in (document or {}).items()}


def _problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"{error.reason} at position {error.position}, read as {error.encoding}"
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{where}"


def _said_twice(node: Any) -> Iterator[str]:
    """The keys of the file, and of its sections: deeper there are no settings."""
    if not isinstance(node, yaml.MappingNode):
        return
    yield from _twice_in(node)
    for key, value in node.value:
        if isinstance(value, yaml.MappingNode):
            yield from (f"{key.value}.{name}" for name in _twice_in(value))


def _twice_in(node: yaml.MappingNode) -> list[str]:
    counts = Counter(str(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
    return [name for name, times in counts.items() if times > 1]
