"""The thread that writes down what requests have finished, and puts it into the spool."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.inbox import Inbox, Item, tally
from otel_mlflow.delivery.records import Encodable, Tally
from otel_mlflow.delivery.storage import SpoolLost, Storage
from otel_mlflow.guard import guarded

if TYPE_CHECKING:
    from otel_mlflow.spans.record import TraceRecord

GATHERING = 0.05
"""Seconds in which finished traces gather before they are written down together: a fifth of what is promised."""

IDLE = 1.0
"""Seconds between two looks at the inbox while nothing comes. A trace that comes wakes the writer at once."""

AT_ONCE = 64
"""Traces in one transaction."""

LONGEST_SLICE = 0.003
"""Seconds of work before other threads are let in for sure."""

LET_IN = 0.0002
"""Seconds: long enough for a waiting thread to get hold of the interpreter."""


class Writer:
    """Works off the inbox. `written` is called after each transaction."""

    def __init__(self, inbox: Inbox, storage: Storage, clock: Clock, written: Callable[[], None]) -> None:
        self._inbox = inbox
        self._storage = storage
        self._clock = clock
        self._written = written
        self._hurry = False
        self._stopped = False
        self.lock = threading.Lock()
        self.in_hand = Tally()

    def run(self) -> None:
        """Write until `stop()`."""
        while not self._stopped:
            self._inbox.wait(self._clock, IDLE)
            if not self._hurry and len(self._inbox):
                self._clock.sleep(GATHERING)
            self.write_all()

    def write_all(self) -> None:
        """Empty the inbox."""
        while self._write_some():
            self._written()

    def hurry(self) -> None:
        """Somebody waits for what is in the inbox."""
        self._hurry = True
        self._inbox.wake()

    def stop(self) -> None:
        """Write what is there, and end."""
        self._stopped = True
        self.hurry()

    def _write_some(self) -> bool:
        traces: list[TraceRecord] = []
        feedback: list[tuple[str, bytes]] = []
        until = self._clock.monotonic() + self._slice()
        while len(traces) < AT_ONCE and (item := self._take()) is not None:
            if isinstance(item, tuple):
                feedback.append(item)
            elif not isinstance(item, str):
                record = _encoded(item)
                if record is not None:
                    traces.append(record)
                elif item.counted:
                    self.in_hand["dropped"] += 1
                if self._clock.monotonic() > until and not self._hurry:
                    self._clock.sleep(LET_IN)
                    until = self._clock.monotonic() + self._slice()
        if not self.in_hand and not traces and not feedback:
            return False
        self._keep(traces, feedback)
        return True

    def _take(self) -> Item | None:
        with self.lock:
            item = self._inbox.take()
            if item is not None:
                self.in_hand += tally(item)
            return item

    def _keep(self, traces: list[TraceRecord], feedback: list[tuple[str, bytes]]) -> None:
        while True:
            try:
                with self._storage.using() as spool, self.lock:
                    spool.add(traces, feedback, self.in_hand, self._clock.wall())
                    self.in_hand = Tally()
                    return
            except SpoolLost:
                continue

    def _slice(self) -> float:
        """The more waits, the longer the work in one go."""
        return min(LONGEST_SLICE, len(self._inbox) * 0.00001)


@guarded
def _encoded(item: Encodable) -> TraceRecord:
    return item.encode()
