"""Work on a background thread, cut into slices: while requests are being served, none holds the interpreter for long.

An event loop in this process waits for the interpreter as long as a slice takes, now and then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from otel_mlflow.delivery.clock import Clock

LONGEST_SLICE = 0.001
"""Seconds of work in one go, and as long a rest after it."""

LONGEST_LATE_SLICE = 0.003
"""Seconds of work in one go where somebody waits for it, or it is late. After each rest the interpreter must be got
hold of anew, which takes 5 ms where an event loop is busy: with shorter slices nothing would be done in time."""

LET_IN = 0.0002
"""Seconds: long enough for a waiting thread to get hold of the interpreter."""

_current = threading.local()


class Pacer:
    """Counts the time of the slice that is under way. `is_late` answers whether there is no time for long rests."""

    def __init__(self, clock: Clock, is_late: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_late = is_late
        self._began = 0.0

    @contextmanager
    def working(self) -> Generator[None, None, None]:
        """Begin a slice; in the block `rest_if_due()` on this thread is about this work."""
        self._began = self._clock.monotonic()
        _current.pacer = self
        try:
            yield
        finally:
            _current.pacer = None

    def rest_if_due(self) -> None:
        """Let other threads run where the slice has been long enough, and begin the next one."""
        worked = self._clock.monotonic() - self._began
        if worked <= LONGEST_SLICE:
            return
        is_late = self._is_late()
        if worked > (LONGEST_LATE_SLICE if is_late else LONGEST_SLICE):
            self._clock.sleep(LET_IN if is_late else worked)
            self._began = self._clock.monotonic()


def rest_if_due() -> None:
    """For whatever may take long: let other threads run if this one has worked long enough, and is one that rests."""
    pacer: Pacer | None = getattr(_current, "pacer", None)
    if pacer is not None:
        pacer.rest_if_due()
