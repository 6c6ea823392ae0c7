"""A backend in memory and clocks that nobody has to wait for: the two seams of delivery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from otel_mlflow.delivery.clock import SystemClock
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.status import Experiment

CONNECTED = Connected("memory://", Experiment("1", "delivered", "memory://1"), "somebody", "nowhere")


@dataclass
class MemoryBackend:
    """A destination that keeps what it takes. `react` may raise what a backend would answer."""

    react: Callable[[Sequence[SpooledTrace]], None] = lambda batch: None
    react_to_feedback: Callable[[SpooledFeedback], None] = lambda feedback: None
    react_to_opening: Callable[[], None] = lambda: None
    accepts_metadata_later: bool = True
    takes_info: bool = True
    sent: list[list[SpooledTrace]] = field(default_factory=list)
    """Every batch that was tried, taken or not."""
    taken: list[SpooledTrace] = field(default_factory=list)
    feedback: list[SpooledFeedback] = field(default_factory=list)
    opened: int = 0

    def open(self) -> Connected:
        """Say who is there."""
        self.opened += 1
        self.react_to_opening()
        return CONNECTED

    def needs_info(self, trace: SpooledTrace) -> bool:
        """Whether the trace is one of those that it takes with their info."""
        return self.takes_info

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Take the batch, unless `react` has something against it."""
        self.sent.append(list(batch))
        self.react(batch)
        self.taken += batch

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Take the feedback, unless `react_to_feedback` has something against it."""
        self.react_to_feedback(feedback)
        self.feedback.append(feedback)

    def close(self) -> None:
        """There is nothing to close."""

    def ids(self) -> set[str]:
        """The traces that it has something of."""
        return {each.trace_id for each in self.taken}


class ManualClock:
    """A clock on which waiting takes no time: it goes forward by what was to be waited, and notes it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wall_now = 1.7e9
        self.waits: list[float] = []
        self.at_wait: Callable[[], None] = lambda: None
        self.sleeps: list[float] = []
        self.at_sleep: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        """Seconds since whenever."""
        return self.now

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self.wall_now

    def sleep(self, seconds: float) -> None:
        """Go forward, and note it; others get something done meanwhile."""
        self.sleeps.append(seconds)
        self.at_sleep()
        self.now += seconds

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Go forward, unless what is waited for has happened."""
        if event.is_set():
            return True
        self.waits.append(timeout or 0.0)
        self.now += timeout or 0.0
        self.at_wait()
        return event.is_set()


class FastClock(SystemClock):
    """The machine's clock, run so much faster: for deliveries with threads of their own, whose pauses take seconds."""

    def __init__(self, times: float = 20) -> None:
        self._times = times

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return super().monotonic() * self._times

    def sleep(self, seconds: float) -> None:
        """Sleep for a part of that."""
        super().sleep(seconds / self._times)

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for the event for a part of that."""
        return super().wait(event, timeout if timeout is None else timeout / self._times)
