"""The writer between the queue and the spool: what it counts, and what becomes of what no spool takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery.ingest_queue import LARGEST_RECORD, Feedback, IngestQueue
from otel_mlflow.delivery.pacer import LONGEST_LATE_SLICE, LONGEST_SLICE
from otel_mlflow.delivery.records import Stage, TraceRecord
from otel_mlflow.delivery.spool_writer import AT_ONCE, SpoolWriter
from otel_mlflow.delivery.storage import Storage
from otel_mlflow.guard import GUARD
from otel_mlflow.status import Counts
from tests.delivering import Finished, assert_adds_up, trace
from tests.unit.delivery.backend import ManualClock


@dataclasses.dataclass
class Desk:
    """A writer that runs on the test's own thread."""

    clock: ManualClock
    queue: IngestQueue
    storage: Storage
    writer: SpoolWriter

    def counts(self) -> Counts:
        """What the spool has counted; it always adds up."""
        counts = self.storage.counts()
        assert_adds_up(counts)
        return counts

    def spooled(self) -> list[str]:
        """The traces in the spool, oldest first."""
        with self.storage.using() as spool:
            return [each.trace_id for each in spool.next_batch(Stage.WHOLE, records=10**6, max_bytes=10**9)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty queue, an empty spool, and the writer between them."""
    clock = ManualClock()
    queue = IngestQueue(clock)
    storage = Storage(tmp_path, destination="here", max_bytes=10**9, clock=clock)
    yield Desk(clock, queue, storage, SpoolWriter(queue, storage, clock, lambda: None))
    storage.close()


@pytest.fixture
def lenient_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong on our side is reported, as it is at our users'."""
    monkeypatch.setattr(GUARD, "strict", False)


class Broken:
    """A finished trace that cannot be written down."""

    counted = True

    def encode(self) -> TraceRecord:
        """Fail."""
        raise KeyError("attribute")


def impossible() -> TraceRecord:
    """A record that SQLite refuses, on disk as well as in memory."""
    return dataclasses.replace(trace(), counted=object())  # type: ignore[arg-type]


def put(desk: Desk, *records: TraceRecord) -> list[str]:
    """Leave traces in the queue."""
    for record in records:
        desk.queue.put(Finished(record))
    return [record.trace_id for record in records]


def test_everything_is_written_in_order(desk: Desk) -> None:
    """More than one transaction's worth comes out of the spool in the order in which it was put in."""
    ids = put(desk, *(trace(spans=1) for _ in range(AT_ONCE + 5)))
    assert not desk.writer.is_done()
    desk.writer.write_all()
    assert desk.writer.is_done()
    assert desk.spooled() == ids
    assert desk.counts().pending == len(ids)


@dataclasses.dataclass
class Slow:
    """A finished trace that takes longer to write down than a slice."""

    clock: ManualClock
    counted = True

    def encode(self) -> TraceRecord:
        """Take the time."""
        self.clock.now += (LONGEST_SLICE + LONGEST_LATE_SLICE) / 2
        return trace()


@pytest.mark.parametrize(("is_let_in", "rests"), [(False, 1), (True, 0)])
def test_a_writer_that_is_let_in_works_in_longer_slices(desk: Desk, is_let_in: bool, rests: int) -> None:
    """What it writes comes faster than it could be written otherwise."""
    if is_let_in:
        desk.writer.let_in()
    desk.queue.put(Slow(desk.clock))
    desk.writer.write_all()
    assert len(desk.clock.sleeps) == rests


def test_outcomes_without_a_trace_are_counted(desk: Desk) -> None:
    """A request that leaves no trace is one of the requests, and one of those that left none for its reason."""
    for outcome in ("excluded", "excluded", "sampled_out", "filtered"):
        desk.queue.put(outcome)
    desk.writer.write_all()
    counts = desk.counts()
    assert (counts.requests, counts.excluded, counts.sampled_out, counts.filtered) == (4, 2, 1, 1)


def test_feedback_is_spooled_and_counts_as_no_request(desk: Desk) -> None:
    """Feedback waits like a trace does, and requests are what they were."""
    desk.queue.put(Feedback("tr-1", b"{}"))
    desk.writer.write_all()
    with desk.storage.using() as spool:
        assert spool.pending() == 1
    assert desk.counts().requests == 0


def test_what_is_not_written_yet_is_known(desk: Desk) -> None:
    """Counters that are read before the writer has run include what it will write."""
    put(desk, trace(), trace())
    with desk.writer.unwritten() as tally:
        assert tally == {"requests": 2, "traced": 2}


@pytest.mark.usefixtures("lenient_guard")
def test_a_trace_that_cannot_be_written_down_is_dropped(desk: Desk) -> None:
    """It is counted, and the traces around it are kept."""
    first = put(desk, trace())
    desk.queue.put(Broken())
    second = put(desk, trace())
    desk.writer.write_all()
    assert desk.spooled() == first + second
    assert desk.counts().dropped == 1


def test_a_trace_that_is_too_big_is_dropped(desk: Desk) -> None:
    """It is counted, and the trouble says which, how big it is, and what to set."""
    (big,) = put(desk, dataclasses.replace(trace(), spans=bytes(LARGEST_RECORD + 1)))
    desk.writer.write_all()
    assert desk.counts().dropped == 1
    assert desk.writer.trouble is not None
    assert big in desk.writer.trouble.reason
    assert "tracing.max_content_bytes" in desk.writer.trouble.fix


def test_more_of_a_trace_that_is_dropped_is_told(desk: Desk) -> None:
    """It is no request, so no counter says it."""
    put(desk, dataclasses.replace(trace(counted=False), spans=bytes(LARGEST_RECORD + 1)))
    desk.writer.write_all()
    assert desk.counts().dropped == 0
    assert desk.writer.trouble is not None
    assert "was dropped" in desk.writer.trouble.reason


def test_more_of_a_trace_that_holds_nothing_is_no_trouble(desk: Desk) -> None:
    """Nothing was lost."""
    put(desk, TraceRecord("tr-1", b"", b"", None, counted=False))
    desk.writer.write_all()
    assert desk.writer.trouble is None


def test_a_trace_of_several_requests_is_several_records(desk: Desk) -> None:
    """It is one trace in the counters, and the record that stands for it comes last."""
    whole = dataclasses.replace(trace(), earlier=(trace().spans, trace().spans))
    put(desk, whole)
    desk.writer.write_all()
    with desk.storage.using() as spool:
        first, second, last = spool.next_batch(Stage.WHOLE, records=10, max_bytes=10**9)
    assert (first.spans, second.spans, last.spans) == (*whole.earlier, whole.spans)
    assert (first.info, second.info, last.info) == (b"", b"", whole.info)
    assert {record.trace_id for record in (first, second, last)} == {whole.trace_id}
    assert (desk.counts().requests, desk.counts().pending) == (1, 1)


@pytest.mark.usefixtures("lenient_guard")
def test_what_no_spool_takes_is_dropped_once_and_counted(desk: Desk) -> None:
    """A record that even memory refuses is not tried for ever, and what comes after it is kept."""
    failures = GUARD.failures
    put(desk, impossible())
    desk.writer.write_all()
    assert GUARD.failures == failures + 1
    assert desk.writer.is_done()
    assert desk.writer.dropped == 1
    with desk.writer.unwritten() as tally:
        assert tally == {"requests": 1, "traced": 1, "dropped": 1}

    ids = put(desk, trace())
    desk.writer.write_all()
    assert desk.spooled() == ids
    counts = desk.counts()
    assert (counts.requests, counts.dropped, counts.pending) == (2, 1, 1)


@pytest.mark.usefixtures("lenient_guard")
def test_a_record_that_is_none_is_dropped_and_counted(desk: Desk) -> None:
    """Bytes that are no bytes fail before SQLite sees them: nothing stays in hand for ever."""
    put(desk, dataclasses.replace(trace(), spans="text"))  # type: ignore[arg-type]
    desk.writer.write_all()
    assert desk.writer.is_done()
    assert desk.writer.dropped == 1
