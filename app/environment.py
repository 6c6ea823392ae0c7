"""The `.env` file: loaded by the app itself, so that a plain `uvicorn app.main:app` has what it says, and says so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values, find_dotenv

FILE = "SLIDES_ENV_FILE"
"""Names another file; empty: none is loaded."""


@dataclass(frozen=True)
class EnvFile:
    """What became of the file. Names only: values may be secrets."""

    path: Path | None = None
    loaded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """What the environment had already, which wins."""

    def __str__(self) -> str:
        if self.path is None:
            return "no .env"
        already = f" (set already: {', '.join(self.kept)})" if self.kept else ""
        return f".env loaded from {self.path}: {', '.join(self.loaded) or 'nothing'}{already}"


def load_env_file() -> EnvFile:
    """Load the `.env` of the current folder or the nearest above it. Raises `OSError` for one that cannot be read."""
    path = os.environ.get(FILE, find_dotenv(usecwd=True))
    if not path:
        return EnvFile()
    said = {name: value for name, value in dotenv_values(path).items() if value is not None}
    loaded = {name: value for name, value in said.items() if name not in os.environ}
    os.environ.update(loaded)
    return EnvFile(Path(path), tuple(loaded), tuple(name for name in said if name not in loaded))
