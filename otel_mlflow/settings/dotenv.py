"""A `.env` file that lies there, says something about tracing, and was not loaded into this process.

Whoever wrote it believes that it counts. Some programs load it (`load_dotenv()`, `uvicorn --env-file`), others do not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values, find_dotenv

from otel_mlflow.content import Redactor
from otel_mlflow.settings.defaults import REDACT_KEYS

COUNT = ("DATABRICKS_", "MLFLOW_", "OTEL_")
"""What the names of variables begin with that decide where traces go."""

_WHERE_TO = ("HOST", "URI", "URL", "ENDPOINT", "PROFILE", "EXPERIMENT_NAME", "EXPERIMENT_ID")
"""How the names end of those that are told first."""


@dataclass(frozen=True)
class Difference:
    """A variable that the file sets otherwise than the environment; the values are fit to be shown."""

    name: str
    said: str
    used: str | None
    """What the environment has; None when it has nothing."""

    def __str__(self) -> str:
        return f"{self.name}={self.said} ({'not set here' if self.used is None else f'here {self.used}'})"


@dataclass(frozen=True)
class UnloadedFile:
    """A `.env` that disagrees with the environment."""

    path: Path
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        return f"{self.path} is not loaded and says otherwise: {', '.join(map(str, self.differences))}"


def unloaded_file() -> UnloadedFile | None:
    """The `.env` of the current folder or the nearest above it, if it disagrees; None where all is as it says.

    Raises `OSError` or `UnicodeError` for one that cannot be read.
    """
    path = find_dotenv(usecwd=True)
    if not path:
        return None
    said = {name: value for name, value in dotenv_values(path).items() if name.startswith(COUNT) and value}
    differences = [_difference(name, value) for name, value in said.items() if not _is_used(name, value)]
    return UnloadedFile(Path(path), tuple(sorted(differences, key=_weight))) if differences else None


def _is_used(name: str, value: str) -> bool:
    return os.environ.get(name, "").strip().rstrip("/") == value.strip().rstrip("/")


def _difference(name: str, said: str) -> Difference:
    used = os.environ.get(name)
    return Difference(name, _redacted(name, said), _redacted(name, used) if used else None)


def _weight(difference: Difference) -> bool:
    return not difference.name.endswith(_WHERE_TO)


def _redacted(name: str, value: str) -> str:
    """Headers may hold a secret under any name."""
    if name.endswith("HEADERS"):
        return "***"
    shown: dict[str, str] = Redactor.compile(REDACT_KEYS).value({name: value})
    return shown[name]
