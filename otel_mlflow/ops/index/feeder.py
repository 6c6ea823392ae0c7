"""Feeding an index in the background, one process of the host at a time."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass

from otel_mlflow.backends.calls import begin
from otel_mlflow.delivery.locks import try_lock_alone, unlock
from otel_mlflow.errors import RetryableError
from otel_mlflow.ops.feeds.base import Feed
from otel_mlflow.ops.index.synchronizer import Synchronizer
from otel_mlflow.ops.index.trace_index import TraceIndex

BETWEEN_LOOKS = 0.05
"""Seconds between two looks at whether another process has finished."""

LONGEST_PAUSE = 60.0
"""Seconds: as long as a backend that asks to be left alone is left alone."""

ANSWERS_FOR = 30.0
"""Seconds in which a round that finished after nobody waited any more still answers the next question."""

REMEMBERED = 8
"""Rounds that have finished: other windows reach back to other times."""


@dataclass(eq=False)
class Round:
    """A time that is being read."""

    start_ms: int
    end_ms: int
    index: int
    """Which one it is read into: one that is made anew has none of it."""
    done: Future[None]
    ended: float = math.inf

    def covers(self, start_ms: int, end_ms: int) -> bool:
        """Whether that time is part of it."""
        return self.start_ms <= start_ms and end_ms <= self.end_ms

    def end(self, _: Future[None]) -> None:
        """Take note of when that is."""
        self.ended = time.monotonic()

    @property
    def is_current(self) -> bool:
        """Whether a question may have its outcome: else who has little patience would begin one after the other."""
        return time.monotonic() < self.ended + ANSWERS_FOR


class Feeder:
    """Synchronizes an index with its backend, on threads that live for as long as there is something to read."""

    def __init__(self, index: TraceIndex, make_feed: Callable[[], Feed]) -> None:
        self._index = index
        self._make_feed = make_feed
        self._lock = threading.Lock()
        self._rounds: list[Round] = []
        self._finished: deque[tuple[Round, float]] = deque(maxlen=REMEMBERED)
        self._stop = threading.Event()

    def feed(self, start_ms: int, end_ms: int, patience: float, *, fresh_for: float = 0.0) -> bool:
        """Whether the index is up to date for a time; what is not read within `patience` seconds is read after that.

        What was up to date `fresh_for` seconds ago still is. Raises `DeliveryError` where the backend cannot be asked.
        """
        since, index = time.monotonic() - fresh_for, self._index.identity()
        known = (each for each, moment in self._finished if moment > since and each.index == index)
        if any(each.covers(start_ms, end_ms) for each in known):
            return True
        current = self._round(start_ms, end_ms, index)
        if not wait([current.done], patience).done:
            return False
        self._forget(current)
        current.done.result()
        if current.index != self._index.identity():
            return False
        self._finished.append((current, time.monotonic()))
        return True

    def close(self) -> None:
        """End early, and keep what was read."""
        self._stop.set()

    def _round(self, start_ms: int, end_ms: int, index: int) -> Round:
        with self._lock:
            self._rounds = [each for each in self._rounds if each.is_current]
            known = next((each for each in self._rounds if each.index == index and each.covers(start_ms, end_ms)), None)
            if known is None:
                done, _ = begin(lambda: self._synchronize(start_ms, end_ms), "otel-mlflow-ops-index")
                known = Round(start_ms, end_ms, index, done)
                done.add_done_callback(known.end)
                self._rounds.append(known)
            return known

    def _forget(self, told: Round) -> None:
        with self._lock:
            self._rounds = [each for each in self._rounds if each is not told]

    def _synchronize(self, start_ms: int, end_ms: int) -> None:
        descriptor = os.open(self._index.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not try_lock_alone(descriptor):
                if self._stop.wait(BETWEEN_LOOKS):
                    return
            try:
                self._read(start_ms, end_ms)
            finally:
                unlock(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, start_ms: int, end_ms: int) -> None:
        feed = self._make_feed()
        feed.open()
        try:
            synchronizer = Synchronizer(self._index, feed)
            while (pause := self._seconds_to_wait(synchronizer, start_ms, end_ms)) is not None:
                if self._stop.wait(min(pause, LONGEST_PAUSE)):
                    return
        finally:
            feed.close()

    def _seconds_to_wait(self, synchronizer: Synchronizer, start_ms: int, end_ms: int) -> float | None:
        """None once it is done; else how long the backend asks to be left alone. What was read by then is kept."""
        try:
            synchronizer.synchronize(start_ms, end_ms, self._stop)
        except RetryableError as error:
            if error.retry_after is None:
                raise
            return error.retry_after
        return None
