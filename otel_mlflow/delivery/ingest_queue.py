"""Where requests leave what they have finished: the only part of delivery that runs on a request's time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.experiment_choice import with_valid_experiment
from otel_mlflow.delivery.records import Encodable, Outcome, Tally
from otel_mlflow.guard import guarded

if TYPE_CHECKING:
    from otel_mlflow.delivery.experiment_choice import with_valid_experiment
from otel_mlflow.delivery.records import TraceRecord

logger = logging.getLogger("otel_mlflow")

MOST_UNWRITTEN = 2000
"""Finished traces kept as live objects, a few kilobytes a span. Beyond it they are written down by whoever puts them
in, which slows requests by the tenth of a millisecond it takes: requests cannot outrun the writer for long."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of written traces kept while the writer waits for a disk that hangs. Beyond it traces are dropped, counted."""

LARGEST_RECORD = 16 * 1024 * 1024
"""Bytes of one trace, or of the part of one that ends at a time."""


@dataclass(frozen=True, slots=True)
class Written:
    """A trace that is written down already."""

    record: TraceRecord
    counted: bool

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.record.spans) + len(self.record.info)

    def encode(self) -> TraceRecord:
        """The record."""
        return self.record


@dataclass(frozen=True, slots=True)
class Feedback:
    """A judgement about a trace."""

    trace_id: str
    payload: bytes


Item = Encodable | Feedback | Written | str
"""A trace, feedback, or what became of a request without a trace: an `Outcome`, or `dropped`."""


class IngestQueue:
    """A queue from all threads to the writer.

    Putting something in takes no lock and wakes nobody, unless the writer has nothing to do and sleeps.
    """

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._something = threading.Event()
        self._writer_sleeps = False
        self._bytes = 0

    def put(self, item: Encodable | Feedback | Outcome) -> None:
        """Leave `item` for the writer."""
        if len(self._items) < MOST_UNWRITTEN or isinstance(item, (str, Feedback)):
            self._items.append(item)
        else:
            self._put_written(item)
        if self._writer_sleeps:
            self.wake()

    def take(self) -> Item | None:
        """The oldest item, None when there is none."""
        try:
            item = self._items.popleft()
        except IndexError:
            return None
        if isinstance(item, Written):
            self._bytes -= item.size
        return item

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

    def tally(self) -> Tally:
        """What all that is in here will add to the counters."""
        total = Tally()
        for item in self._items.copy():
            total.update(tally(item))
        return total

    def __len__(self) -> int:
        return len(self._items)

    def _put_written(self, item: Encodable) -> None:
        counted, record = item.counted, encoded(item)
        if record is None or self._bytes > MOST_BYTES:
            if counted:
                self._items.append("dropped")
            return
        written = Written(record, counted)
        self._bytes += written.size
        self._items.append(written)


def encoded(item: Encodable | Written) -> TraceRecord | None:
    """Write a trace down; None where that fails, where nothing comes of it, or where it is too big to keep."""
    record = _encode(item)
    if record is None or not (record.spans or record.info):
        return None
    size = len(record.spans) + len(record.info)
    if size > LARGEST_RECORD:
        logger.warning(
            "trace %s was dropped: it is %d MB and %d are the most; see tracing.max_content_bytes and "
            "tracing.max_trace_depth",
            record.trace_id,
            size >> 20,
            LARGEST_RECORD >> 20,
        )
        return None
    return record


@guarded
def _encode(item: Encodable | Written) -> TraceRecord:
    return with_valid_experiment(item.encode())


def tally(item: Item) -> dict[str, int]:
    """What an item adds to the counters."""
    if item == "dropped":
        return {"requests": 1, "traced": 1, "dropped": 1}
    if isinstance(item, str):
        return {"requests": 1, item: 1}
    if isinstance(item, Feedback) or not item.counted:
        return {}
    return {"requests": 1, "traced": 1}
