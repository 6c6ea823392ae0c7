"""How long the checks are waited for, and what of that a busy machine has taken away."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otel_mlflow.diagnosis.setup import Limits

LAP = 1.0
"""Seconds from one reading of the run queue to the next: a thread that ends takes its last lap along."""

NANOSECONDS = 1e9


@dataclass(frozen=True)
class Waited:
    """Seconds for which calls were waited for, and in how many of them they were ready and had no processor."""

    seconds: float = 0.0
    without_processor: float = 0.0

    @property
    def counted(self) -> float:
        """Seconds in which they had a processor, or waited for others."""
        return self.seconds - self.without_processor

    def __add__(self, other: Waited) -> Waited:
        return Waited(self.seconds + other.seconds, self.without_processor + other.without_processor)


class RunQueue:
    """The time in which this process's threads were ready, and the kernel had no processor for them.

    Linux counts it; elsewhere it is 0.
    """

    def __init__(self) -> None:
        self._seen = _waits()

    def lap(self) -> float:
        """Seconds since the last call, of the thread that was kept waiting the longest."""
        before, self._seen = self._seen, _waits()
        return max((waited - before.get(thread, 0.0) for thread, waited in self._seen.items()), default=0.0)


class Patience:
    """The time for all checks. What the machine takes away does not count, until `limits.busy` seconds are over."""

    def __init__(self, limits: Limits, lap: Callable[[], float] | None = None) -> None:
        self._limits = limits
        self._lap = lap or RunQueue().lap
        self.waited = Waited()
        """For all calls so far."""

    @property
    def left(self) -> float:
        """Seconds for all calls to come."""
        return self._limits.together - self.waited.counted

    @property
    def is_over(self) -> bool:
        """Whether the machine has taken so much that it ends here."""
        return self.waited.seconds >= self._limits.busy

    def wait(self, call: Future[Any], seconds: float) -> Waited:
        """Wait until it is done, so many seconds at the most in which it had a processor or waited for others."""
        waited = Waited()
        while not call.done() and not self.is_over and (left := seconds - waited.counted) > 0:
            lap = self._wait(call, min(left, LAP))
            waited += lap
            self.waited += lap
        return waited

    def _wait(self, call: Future[Any], seconds: float) -> Waited:
        began = time.monotonic()
        wait([call], timeout=seconds)
        return Waited(time.monotonic() - began, self._lap())


def _waits() -> dict[str, float]:
    """Seconds in the run queue, by thread."""
    found = {}
    for path in Path("/proc/self/task").glob("*/schedstat"):
        try:
            _, waited, _ = path.read_text(encoding="ascii").split()
        except OSError:
            continue  # It has just ended.
        found[path.parent.name] = int(waited) / NANOSECONDS
    return found
