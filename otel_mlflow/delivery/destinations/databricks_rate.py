"""Staying below the rates that Databricks publishes."""

from __future__ import annotations

import threading

from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock

CREATIONS_PER_SECOND = 50.0
"""Traces that one process creates in a second, at most. The workspace takes 200 from all of its clients (docs:
"Resource limits", MLflow); what is more is answered with 429, after which delivery slows down by itself."""


class Rate:
    """Spreads calls over time, those of several threads together."""

    def __init__(self, per_second: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._between = 1.0 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when it is this call's turn."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._between
        if turn > now:
            self._clock.sleep(turn - now)
