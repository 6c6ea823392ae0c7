"""Where settings come from: arguments, the environment, a YAML file; and which of them wins."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from otel_mlflow.settings.problems import Problem, from_where, nearest, unknown
from otel_mlflow.settings.yaml_file import read_yaml

logger = logging.getLogger("otel_mlflow")

PREFIX = "OTEL_MLFLOW_"
CONFIG = "OTEL_MLFLOW_CONFIG"
DEFAULT_FILE = Path("config/mlflow.yaml")
ARGUMENT = "argument"

STANDARD_NAMES = {
    "MLFLOW_TRACKING_URI": "tracking_uri",
    "MLFLOW_EXPERIMENT_NAME": "experiment_name",
    "MLFLOW_EXPERIMENT_ID": "experiment_id",
    "MLFLOW_WORKSPACE": "workspace",
    "OTEL_SERVICE_NAME": "service_name",
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "tracing.excluded_urls",
}
SDK_DISABLED = "OTEL_SDK_DISABLED"
OLD_SECTION = "tracking"
OLD_KEYS = {"tracking.uri": "tracking_uri", "tracking.experiment_name": "experiment_name"}
# An experiment is chosen once: by name, or by id.
CHOICE = {"experiment_name", "experiment_id"}


class Found(NamedTuple):
    """A value, and the words for where it was found."""

    value: Any
    origin: str


Layer = dict[str, Found]
"""Dotted key → what one source says of it."""


def variable(key: str) -> str:
    """Name the environment variable of a key: `tracing.sample_rate` → `OTEL_MLFLOW_TRACING__SAMPLE_RATE`."""
    return PREFIX + key.replace(".", "__").upper()


def find(
    known: Collection[str], arguments: Mapping[str, Any], environ: Mapping[str, str], file: str | Path | None
) -> Layer:
    """Collect what all sources say, each key from the strongest that has it."""
    path = config_file(environ, file)
    return strongest(
        from_file(known, path) if path else {},
        from_standard_names(environ),
        from_environment(known, environ),
        from_arguments(known, arguments),
    )


def strongest(*layers: Layer) -> Layer:
    """Merge, weakest first."""
    merged: Layer = {}
    for layer in layers:
        # A weaker source's experiment id must not outlive a stronger source's name, nor the reverse.
        replaced = CHOICE if CHOICE & layer.keys() else set()
        merged = {key: found for key, found in merged.items() if key not in replaced} | layer
    return merged


def config_file(environ: Mapping[str, str], named: str | Path | None) -> Path | None:
    """Say which YAML file is to be read, if any."""
    if named or environ.get(CONFIG):
        return Path(named or environ[CONFIG])
    return DEFAULT_FILE if _is_there(DEFAULT_FILE) else None


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # Reading it will say why it cannot be read.
        return True
    return True


def from_arguments(known: Collection[str], arguments: Mapping[str, Any]) -> Layer:
    """Take apart what was given to `Settings(…)`; of a section object, only what was set in it."""
    return {
        key: Found(value, ARGUMENT)
        for name, given in arguments.items()
        for key, value in _keys_of(name, given, known, ARGUMENT).items()
    }


def from_environment(known: Collection[str], environ: Mapping[str, str]) -> Layer:
    """Read our own variables. As everywhere in OpenTelemetry, an empty one is as good as none."""
    keys = {variable(key): key for key in known}
    ours = sorted(name for name, text in environ.items() if text and name.upper().startswith(PREFIX))
    strange = [name for name in ours if name.upper() not in {*keys, CONFIG}]
    if strange:
        raise from_where((_strange(name, keys) for name in strange), lambda _: "environment")
    return {keys[name.upper()]: Found(environ[name], f"environment {name}") for name in ours if name.upper() in keys}


def _strange(name: str, keys: Mapping[str, str]) -> Problem:
    parts = [variable for variable in keys if variable.startswith(f"{name.upper()}__")]
    if parts:
        return Problem(name, f"is a section; its keys are variables of their own: {', '.join(parts)}")
    return unknown(name, keys, PREFIX)


def from_standard_names(environ: Mapping[str, str]) -> Layer:
    """Read the variables that MLflow and OpenTelemetry already have for the same things."""
    layer = {
        key: Found(environ[name], f"environment {name}") for name, key in STANDARD_NAMES.items() if environ.get(name)
    }
    # OpenTelemetry's rule: only the word true, in any case, disables.
    if environ.get(SDK_DISABLED, "").strip().lower() == "true":
        layer["tracing.enabled"] = Found(False, f"environment {SDK_DISABLED}")
    return layer


def from_file(known: Collection[str], path: Path) -> Layer:
    """Read the YAML file. Sections of other programs are left alone, with one warning for all of them."""
    origin = f"file {path}"
    layer: Layer = {}
    foreign: list[str] = []
    for name, value in read_yaml(path, origin).items():
        if name in known or name in _sections(known):
            layer.update({key: Found(item, origin) for key, item in _keys_of(name, value, known, origin).items()})
        elif name == OLD_SECTION:
            layer.update(_old_shape(value, origin))
        elif value is None or isinstance(value, Mapping):
            foreign.append(name)
        else:
            raise from_where([unknown(name, known)], lambda _: origin)
    _warn_of(foreign, known, origin)
    # In YAML a key without a value is a key that was not set.
    return {key: found for key, found in layer.items() if found.value is not None}


def _old_shape(section: object, origin: str) -> Layer:
    keys = _keys_of(OLD_SECTION, section, OLD_KEYS, origin)
    strange = [unknown(key, OLD_KEYS) for key in keys if key not in OLD_KEYS]
    if strange:
        raise from_where(strange, lambda _: origin)
    return {OLD_KEYS[key]: Found(value, origin) for key, value in keys.items()}


def _keys_of(name: str, given: object, known: Collection[str], origin: str) -> dict[str, Any]:
    """Take a section apart into dotted keys; a plain key is its own only part."""
    if name not in _sections(known):
        return {name: given}
    if isinstance(given, BaseModel):
        given = {key: getattr(given, key) for key in given.model_fields_set}
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        keys = ", ".join(key.partition(".")[2] for key in known if key.startswith(f"{name}."))
        raise from_where(
            [Problem(name, f"is a {type(given).__name__}; allowed: a section with {keys}")], lambda _: origin
        )
    return {f"{name}.{key}": value for key, value in given.items()}


def _sections(known: Collection[str]) -> set[str]:
    return {key.partition(".")[0] for key in known if "." in key}


def _warn_of(foreign: list[str], known: Collection[str], origin: str) -> None:
    if not foreign:
        return
    similar = {name: nearest(name, sorted(_sections(known))) for name in foreign}
    names = ", ".join(f"{name} (did you mean {meant}?)" if meant else name for name, meant in similar.items())
    logger.warning("%s: ignored these sections, which are not settings of otel-mlflow: %s", origin, names)
