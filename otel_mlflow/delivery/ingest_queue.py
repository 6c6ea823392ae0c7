"""Where requests leave what they have finished: the only part of delivery that runs on a request's time."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.experiment_choice import with_valid_experiment
from otel_mlflow.delivery.pacer import Pacer
from otel_mlflow.delivery.records import Encodable, Outcome, Tally, TraceRecord
from otel_mlflow.delivery.trouble import LocalTrouble
from otel_mlflow.guard import guarded

MOST_UNWRITTEN = 500
"""Finished traces kept as live objects, a few kilobytes a span. Beyond it they are encoded by whoever puts them in,
which slows requests by some tenths of a millisecond: requests cannot outrun the writer, which has 250 ms, for long."""

CROWD = 128
"""Finished traces that wait before requests let the writer in. In a burst an event loop would keep the interpreter to
itself, and the writer fall behind until each request has to encode its own."""

FEW = 20
"""Finished traces that wait when requests stop letting it in. So it works off a hundred in one go, and most requests
meet nothing of it: with a slice of its work between any few of them, all find the processor's caches full of it."""

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
    """Feedback about a trace, as the payload of its request."""

    trace_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Dropped:
    """A trace, or more of one, that is not kept, and why. `counted` where it stood for a request."""

    why: LocalTrouble
    counted: bool


Item = Encodable | Feedback | Written | Dropped | str
"""A trace, feedback, what was dropped, or the `Outcome` of a request without a trace."""

HELD_NOTHING = LocalTrouble("a trace held nothing and was dropped", "report it as a fault of otel-mlflow", "encoding")
_DISK_HANGS = LocalTrouble(
    f"traces are dropped: {MOST_BYTES >> 20} MB of them wait for the disk", "see why the spool's disk hangs"
)


class IngestQueue:
    """A queue from all threads to the writer.

    Putting something in takes no lock and wakes nobody, unless the writer has nothing to do and sleeps.
    """

    def __init__(self, clock: Clock) -> None:
        self.pacer: Pacer | None = None
        """Of whoever encodes what is in here."""
        self._clock = clock
        self._items: deque[Item] = deque()
        self._something = threading.Event()
        self._writer_sleeps = False
        self._lets_writer_in = False
        self._bytes = 0

    def put(self, item: Encodable | Feedback | Outcome) -> None:
        """Leave `item` for the writer."""
        if len(self._items) < MOST_UNWRITTEN or isinstance(item, (str, Feedback)):
            self._items.append(item)
        else:
            self._put_written(item)
        waiting = len(self._items)
        self._wake_if_due(waiting)
        self._lets_writer_in = waiting > (FEW if self._lets_writer_in else CROWD)
        if self._lets_writer_in and self.pacer is not None:
            self.pacer.let_in()

    def put_written(self, record: TraceRecord) -> None:
        """Leave more of a trace for the writer, which is written down already."""
        self._put_written(Written(record, counted=False))
        self._wake_if_due(len(self._items))

    def take(self) -> Item | None:
        """The oldest item, None when there is none."""
        try:
            item = self._items.popleft()
        except IndexError:
            return None
        if isinstance(item, Written):
            self._bytes -= item.size
        return item

    def wait(self, timeout: float | None) -> None:
        """Sleep until there is something, somebody calls `wake()`, or the time is up."""
        self._something.clear()
        self._writer_sleeps = True
        if not self._items:
            self._clock.wait(self._something, timeout)
        self._writer_sleeps = False

    def linger(self, timeout: float) -> None:
        """Sleep until there is a crowd, somebody calls `wake()`, or the time is up."""
        self._something.clear()
        if len(self._items) < CROWD:
            self._clock.wait(self._something, timeout)

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

    def _wake_if_due(self, waiting: int) -> None:
        if self._writer_sleeps or waiting == CROWD:
            self.wake()

    def _put_written(self, item: Encodable | Written) -> None:
        counted, records = item.counted, encode_records(item)
        if self._bytes > MOST_BYTES:
            records = _DISK_HANGS
        if isinstance(records, LocalTrouble):
            self._items.append(Dropped(records, counted))
            return
        for record in records:
            written = Written(record, counted and record.counted)
            self._bytes += written.size
            self._items.append(written)


def encode_records(item: Encodable | Written) -> list[TraceRecord] | LocalTrouble:
    """Write a trace down, or say why it is dropped: it cannot be encoded, is too big or holds nothing."""
    record = _encode(item)
    if record is None:
        return LocalTrouble(
            "a trace could not be encoded and was dropped", "report the traceback in the log", "encoding"
        )
    size = len(record.spans) + len(record.info)
    if not size:
        return HELD_NOTHING
    if size > LARGEST_RECORD:
        return LocalTrouble(
            f"trace {record.trace_id} was dropped: it is {size >> 20} MB and {LARGEST_RECORD >> 20} are the most",
            "lower tracing.max_content_bytes or tracing.max_trace_depth",
            "size",
        )
    return record.split()


@guarded
def _encode(item: Encodable | Written) -> TraceRecord:
    return with_valid_experiment(item.encode())


def tally(item: Item) -> dict[str, int]:
    """What an item adds to the counters."""
    if isinstance(item, str):
        return {"requests": 1, item: 1}
    if isinstance(item, Feedback) or not item.counted:
        return {}
    return {"requests": 1, "traced": 1, **({"dropped": 1} if isinstance(item, Dropped) else {})}
