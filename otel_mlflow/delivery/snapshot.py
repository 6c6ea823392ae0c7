"""The latest value of something that may take long to read, for callers who must not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Generic, TypeVar

from otel_mlflow.backends.calls import begin

Value = TypeVar("Value")

PATIENCE = 0.03
"""Seconds that a caller waits for a new reading; `status()` promises its answer within 50 ms."""


class Snapshot(Generic[Value]):
    """Reads on a thread of its own, one reading at a time; while one hangs, callers get the last value."""

    def __init__(self, read: Callable[[], Value], initial: Value) -> None:
        self._read = read
        self._value = initial
        self._read_at = time.monotonic()
        self._reading: Future[None] | None = None
        self._lock = threading.Lock()

    def get(self, patience: float = PATIENCE) -> tuple[Value, float]:
        """The newest value to be had in so many seconds, and its age in seconds: 0.0 where it was read just now."""
        reading = self._begin()
        try:
            reading.result(patience)
        except FutureTimeoutError:
            return self._value, time.monotonic() - self._read_at
        return self._value, 0.0

    def await_reading(self, patience: float) -> None:
        """Wait up to so many seconds for the reading that is under way, if one is."""
        reading = self._reading
        if reading is not None:
            wait([reading], patience)

    def _begin(self) -> Future[None]:
        with self._lock:
            if self._reading is None or self._reading.done():
                self._reading, _ = begin(self._renew, "otel-mlflow-status")
            return self._reading

    def _renew(self) -> None:
        """Also where nobody waits any more: the next caller gets what a slow reading has found."""
        self._value, self._read_at = self._read(), time.monotonic()
