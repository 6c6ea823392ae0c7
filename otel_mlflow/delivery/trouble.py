"""What is wrong with the disk or with single traces, and not with the backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from otel_mlflow.delivery.clock import Clock

REMEMBERED = 600.0
"""Seconds for which a trace that was dropped or refused is what is the matter, unless something graver is."""


@dataclass(frozen=True)
class LocalTrouble:
    """Why something does not wait on disk as it should, or was dropped."""

    reason: str
    fix: str
    kind: str = "disk"
    """What makes it another trouble when the words differ; one is logged once."""
    aside: Path | None = None
    """The damaged file that was set aside. The trouble is over when somebody has taken it away."""


class RecentTrouble:
    """The last trouble with single traces."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: LocalTrouble | None = None
        self._since = 0.0

    def note(self, trouble: LocalTrouble) -> None:
        """It has happened just now."""
        self._last, self._since = trouble, self._clock.monotonic()

    @property
    def current(self) -> LocalTrouble | None:
        """The last one for as long as it is remembered, None after that. Costs no I/O."""
        is_old = self._clock.monotonic() - self._since > REMEMBERED
        return None if is_old else self._last
