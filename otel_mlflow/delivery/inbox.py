"""Where requests leave what they have finished: the only part of delivery that runs on a request's time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.records import Encodable, Outcome, Tally, tally_of

Item = Encodable | Outcome | tuple[str, bytes]
"""A trace, a request without one, or feedback: its trace's id and its payload."""


class Inbox:
    """A queue from all threads to the writer.

    Putting something in takes no lock and wakes nobody, unless the writer has nothing to do and sleeps.
    """

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._something = threading.Event()
        self._writer_sleeps = False

    def put(self, item: Item) -> None:
        """Leave `item` for the writer."""
        self._items.append(item)
        if self._writer_sleeps:
            self.wake()

    def take(self) -> Item | None:
        """The oldest item, None when there is none."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def wait(self, clock: Clock, timeout: float | None) -> None:
        """Sleep until there is something, somebody calls `wake()`, or the time is up."""
        self._something.clear()
        self._writer_sleeps = True
        if not self._items:
            clock.wait(self._something, timeout)
        self._writer_sleeps = False

    def wake(self) -> None:
        """Let the writer look now."""
        self._something.set()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.copy())


def tally(item: Item) -> Tally:
    """What an item adds to the counters."""
    if isinstance(item, str):
        return tally_of(item)
    if isinstance(item, tuple) or not item.counted:
        return Tally()
    return tally_of("traced")
