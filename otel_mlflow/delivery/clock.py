"""Time, as delivery reads it: tests put a clock of their own here."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Durations come from `monotonic`; `wall` is for people and is never calculated with."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def wall(self) -> float:
        """Seconds since the epoch; may be set back at any time."""

    def sleep(self, seconds: float) -> None:
        """Let other threads run for `seconds`."""

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait until `event` is set, `timeout` seconds at most; tell whether it is."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for the event."""
        return event.wait(timeout)


SYSTEM_CLOCK = SystemClock()
