"""How a setting that cannot be used is put into words, and how values are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from otel_mlflow.errors import SettingsError
from otel_mlflow.settings.addresses import MASK, redacted_address

LONGEST_SHOWN = 120
MOST_LISTED = 20


@dataclass(frozen=True)
class Problem:
    """One key and what is wrong with it."""

    key: str
    words: str

    def __str__(self) -> str:
        return f"{self.key} {self.words}".strip()


class InvalidValuesError(SettingsError):
    """A SettingsError that can still be taken apart: a section does not know where its values came from."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def from_where(problems: Iterable[Problem], origin: Callable[[str], str]) -> SettingsError:
    """Put the problems into one error, each under the file, variable or argument that it came from."""
    return SettingsError("\n".join(f"{origin(problem.key)}: {problem}" for problem in problems))


def problems_of(model: type[BaseModel], error: ValidationError, known: Collection[str] = ()) -> Iterator[Problem]:
    """Say in the settings' own words what pydantic found; `known` are the keys to suggest, else the model's."""
    for found in error.errors(include_url=False):
        key = ".".join(map(str, found["loc"][:1]))
        cause = found.get("ctx", {}).get("error")
        if isinstance(cause, InvalidValuesError):
            yield from (replace(problem, key=f"{key}.{problem.key}".strip(".")) for problem in cause.problems)
        elif found["type"] == "extra_forbidden":
            yield unknown(key, known or model.model_fields)
        elif not key:
            yield Problem("", str(cause))
        else:
            yield Problem(key, _refusal(model.model_fields[key], found["input"], cause))


def _refusal(field: FieldInfo, value: object, cause: object) -> str:
    because = f" ({cause})" if cause else ""
    return f"is {redact_value(field, value)!r}; allowed: {extra(field)['allowed']}{because}"


def unknown(key: str, known: Collection[str], prefix: str = "") -> Problem:
    """Name the key that was probably meant, or else all there are; what all begin with makes none alike."""
    meant = nearest(key.removeprefix(prefix), [name.removeprefix(prefix) for name in known])
    listed = f"allowed: {', '.join(known)}" if len(known) <= MOST_LISTED else "docs/settings.md has all there are"
    return Problem(key, f"is not a setting; {f'did you mean {prefix}{meant}?' if meant else listed}")


def nearest(key: str, known: Collection[str]) -> str | None:
    """Find the known key most like this one; a key of a section is also found without its section."""
    names = {name.rpartition(".")[2].lower(): name for name in known} | {name.lower(): name for name in known}
    close = get_close_matches(key.lower(), names, n=1, cutoff=0.7)
    return names[close[0]] if close else None


def redacted_fields(model: BaseModel) -> list[tuple[str | None, Any]]:
    """List a model's values as they may be shown to anybody."""
    return [(name, redact_value(field, getattr(model, name))) for name, field in type(model).model_fields.items()]


def redact_value(field: FieldInfo, value: Any) -> Any:
    """Mask what is secret in a value: all of it, or the credentials in a URL."""
    if extra(field).get("secret") and value:
        return MASK
    if isinstance(value, str):
        masked = redacted_address(value, f"{MASK}@") if "://" in value else value
        return masked if len(masked) <= LONGEST_SHOWN else f"{masked[:LONGEST_SHOWN]}…"
    return value


def extra(field: FieldInfo) -> dict[str, Any]:
    """Read what `setting()` wrote beside pydantic's own."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
