"""What is wrong on this side of the backend: the disk, a trace that cannot be kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LocalTrouble:
    """Why something does not wait on disk as it should, or was dropped."""

    reason: str
    fix: str
    kind: str = "disk"
    """What makes it another trouble when the words differ; one is logged once."""
    aside: Path | None = None
    """The damaged file that was set aside. The trouble is over when somebody has taken it away."""
