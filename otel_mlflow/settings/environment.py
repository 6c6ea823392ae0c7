"""What the process's environment holds for libraries that read it by themselves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence


def first_set(names: Iterable[str | None]) -> str | None:
    """The first of these variables that is set to something; None when none is."""
    return next((name for name in names if name and os.environ.get(name)), None)


def text_of(name: str) -> str:
    """What the variable is set to; empty when it is not."""
    return os.environ.get(name, "").strip()


def with_variables(variables: Mapping[str, str], *, first_on_path: Sequence[str]) -> dict[str, str]:
    """The environment of a process that is to be started, with folders that Python looks into first."""
    before = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder not in first_on_path]
    path = os.pathsep.join(folder for folder in [*first_on_path, *before] if folder)
    return {**os.environ, "PYTHONPATH": path, **variables}
