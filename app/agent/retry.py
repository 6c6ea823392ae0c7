"""How long to wait before a busy service is asked again, and when to stop. Pure but for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable


class Retry:
    """Pauses that double, or are as long as the service asks for, within `patience` seconds in all."""

    def __init__(
        self, patience: float, *, first: float = 0.5, most: int = 5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._deadline = clock() + patience
        self._pause = first
        self._left = most

    def pause(self, retry_after: str | float | None = None) -> float | None:
        """Seconds to wait; None where it is to be given up, because there is no time or no sense in it."""
        wanted = _seconds(retry_after)
        pause = self._pause if wanted is None else wanted
        self._pause *= 2
        self._left -= 1
        return pause if self._left >= 0 and self._clock() + pause <= self._deadline else None


def _seconds(retry_after: str | float | None) -> float | None:
    """`Retry-After` in seconds; its other form, a date, is not worth a clock that both sides agree on."""
    try:
        return max(0.0, float(retry_after)) if retry_after is not None else None
    except ValueError:
        return None
