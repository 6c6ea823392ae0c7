"""The thread that writes down what requests have finished, and puts it into the spool."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.inbox import Feedback, Inbox, Item, Written, encoded, tally
from otel_mlflow.delivery.records import Encodable, Tally
from otel_mlflow.delivery.storage import SpoolLostError, Storage
from otel_mlflow.guard import guarded

if TYPE_CHECKING:
    from otel_mlflow.spans.record import TraceRecord

GATHERING = 0.05
"""Seconds in which finished traces gather before they are written together: a fifth of what is promised."""

IDLE = 1.0
"""Seconds between two looks at what else there is to do. A trace that comes wakes the writer at once."""

AT_ONCE = 64
"""Traces in one transaction."""

SLICE_PER_TRACE = 0.00001
LONGEST_SLICE = 0.003
"""Seconds of work in one go: the more traces wait, the longer. An event loop in this process waits that long."""

LET_IN = 0.0002
"""Seconds: long enough for a waiting thread to get hold of the interpreter."""


class Writer:
    """Works off the inbox until it is stopped. `written` is called after each transaction."""

    def __init__(self, inbox: Inbox, storage: Storage, clock: Clock, written: Callable[[], None]) -> None:
        self.dropped = 0
        self._inbox = inbox
        self._storage = storage
        self._clock = clock
        self._written = written
        self._hurry = False
        self._stopped = False
        self._lock = threading.Lock()
        self._in_hand = Tally()
        self._writing = False

    def run(self) -> None:
        """Write until `stop()`, then what is left."""
        while not self._stopped:
            self._inbox.wait(self._clock, IDLE)
            self._storage.look_at_disk()
            if len(self._inbox) and not self._hurry:
                self._clock.sleep(GATHERING)
            self._hurry = False
            self.write_all()
        self.write_all()

    def hurry(self) -> None:
        """Somebody waits for what is in the inbox."""
        self._hurry = True
        self._inbox.wake()

    def stop(self) -> None:
        """Write what is there, and end."""
        self._stopped = True
        self.hurry()

    def write_all(self) -> None:
        """Empty the inbox."""
        while len(self._inbox):
            self._write_some()
            self._written()

    def is_done(self) -> bool:
        """Whether the spool has everything that was put in."""
        with self._lock:
            return not self._writing and not len(self._inbox)

    @contextmanager
    def unwritten(self) -> Generator[Tally, None, None]:
        """What the spool does not have yet; in the block it stays that way."""
        with self._lock:
            yield self._inbox.tally() + self._in_hand

    @guarded
    def _write_some(self) -> None:
        traces: list[TraceRecord] = []
        feedback: list[Feedback] = []
        until = self._clock.monotonic() + self._slice()
        while len(traces) < AT_ONCE and (item := self._take()) is not None:
            if isinstance(item, Feedback):
                feedback.append(item)
            elif not isinstance(item, str):
                self._encode(item, traces)
                if self._clock.monotonic() > until:
                    self._clock.sleep(LET_IN)
                    until = self._clock.monotonic() + self._slice()
        self._keep(traces, feedback)

    def _take(self) -> Item | None:
        with self._lock:
            item = self._inbox.take()
            if item is not None:
                self._writing = True
                self._in_hand.update(tally(item))
        return item

    def _encode(self, item: Encodable | Written, traces: list[TraceRecord]) -> None:
        counted = item.counted
        record = encoded(item)
        if record is not None:
            traces.append(record)
        elif counted:
            self._in_hand["dropped"] += 1

    def _keep(self, traces: list[TraceRecord], feedback: list[Feedback]) -> None:
        judgements = [(each.trace_id, each.payload) for each in feedback]
        while True:
            try:
                with self._lock, self._storage.using() as spool:
                    self.dropped += spool.add(traces, judgements, self._in_hand, self._clock.wall())
                    self._in_hand = Tally()
                    self._writing = False
                return
            except SpoolLostError:
                continue

    def _slice(self) -> float:
        return min(LONGEST_SLICE, len(self._inbox) * SLICE_PER_TRACE)
