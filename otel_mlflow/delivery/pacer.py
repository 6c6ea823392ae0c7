"""Work on background threads, cut into slices: while requests are being served, none holds the interpreter for long.

An event loop in this process waits for the interpreter as long as a slice takes, now and then. What holds:

1. A slice ends with the first `rest_if_due()` after its time, and a rest follows.
2. Rests are everybody's: who wakes while another rests, rests on, so that an event loop waits for one of them only.
3. A request may end a rest of the work that it waits for (`let_in`): an event loop that has enough to do keeps the
   interpreter for itself otherwise, five milliseconds at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.pacing import A_TURN, pace

LONGEST_SLICE = 0.001
"""Seconds of work in one go, and as long a rest after it."""

LONGEST_REST = 0.003
"""Seconds of a rest. What took longer than a slice has mostly waited for a lock, a disk or an answer."""

LONGEST_LATE_SLICE = 0.002
"""Seconds of work in one go where somebody waits for it, or it is late. After each rest the interpreter must be got
hold of anew: with shorter slices nothing would be done in time, and more requests would meet one."""

LATE_REST = 0.0005
"""Seconds of a rest then: time for a request or two."""

_NEVER = float("inf")


class Pacer:
    """Counts the time of the slice that is under way. `is_late` answers whether there is no time for long rests."""

    _anybody_rests_until = 0.0

    def __init__(self, clock: Clock, is_late: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_late = is_late
        self._began = 0.0
        self._rests_until = _NEVER

    @contextmanager
    def working(self) -> Generator[None, None, None]:
        """Begin a slice; in the block `rest_if_due()` on this thread is about this work."""
        self._began = self._rests_until = self._clock.monotonic()
        pace(self)
        try:
            yield
        finally:
            pace(None)
            self._rests_until = _NEVER

    def rest_if_due(self) -> None:
        """Let other threads run where the slice has been long enough, and begin the next one."""
        worked = self._clock.monotonic() - self._began
        if worked <= LONGEST_SLICE:
            return
        is_late = self._is_late()
        if worked > (LONGEST_LATE_SLICE if is_late else LONGEST_SLICE):
            self._rest(LATE_REST if is_late else min(worked, LONGEST_REST))

    def let_in(self) -> None:
        """On another thread: let the work go on at once, if it waits for nothing but the interpreter."""
        if self._clock.monotonic() > self._rests_until:
            self._clock.sleep(A_TURN)

    def _rest(self, seconds: float) -> None:
        now = self._clock.monotonic()
        Pacer._anybody_rests_until = self._rests_until = now + seconds
        self._clock.sleep(seconds)
        now = self._clock.monotonic()
        if 0 < Pacer._anybody_rests_until - now <= LONGEST_REST:
            self._rests_until = Pacer._anybody_rests_until
            self._clock.sleep(self._rests_until - now)
        self._began = self._clock.monotonic()
