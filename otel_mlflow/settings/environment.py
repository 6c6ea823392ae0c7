"""What the process's environment holds for libraries that read it by themselves."""

from __future__ import annotations

import os
from collections.abc import Iterable


def first_set(names: Iterable[str | None]) -> str | None:
    """The first of these variables that is set to something; None when none is."""
    return next((name for name in names if name and os.environ.get(name)), None)


def text_of(name: str) -> str:
    """What the variable is set to; empty when it is not."""
    return os.environ.get(name, "").strip()
