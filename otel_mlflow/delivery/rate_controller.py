"""How fast the backend is fed: batch size and pauses follow what it takes, as TCP's window does.

More after each success, half after each failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LARGEST_BATCH = 100
"""Traces. More at once is no faster: an MLflow server takes 225 a second at 20, 244 at 100 and at 400."""

LONGEST_PAUSE = 10.0
FIRST_PAUSE = 0.1
SHORTEST_PAUSE = 0.01
"""Seconds between two requests, once the backend has asked for less."""


@dataclass(frozen=True)
class RateController:
    """Records in one request, and seconds between two."""

    batch: int = LARGEST_BATCH
    pause: float = 0.0

    def taken(self) -> RateController:
        """After a success: a little more."""
        pause = self.pause * 0.8
        return RateController(min(LARGEST_BATCH, self.batch * 2), pause if pause > SHORTEST_PAUSE else 0.0)

    def failed(self) -> RateController:
        """After a failure: half as many at once."""
        return replace(self, batch=max(1, self.batch // 2))

    def throttled(self) -> RateController:
        """After 429: half as many at once, and less often."""
        return replace(self.failed(), pause=min(LONGEST_PAUSE, max(FIRST_PAUSE, self.pause * 2)))
