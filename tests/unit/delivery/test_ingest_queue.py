"""Where requests leave their traces: order, bounds, and nobody woken without need."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from otel_mlflow.delivery.clock import SYSTEM_CLOCK
from otel_mlflow.delivery.ingest_queue import (
    CROWD,
    FEW,
    HELD_NOTHING,
    Dropped,
    Feedback,
    IngestQueue,
    Written,
    encode_records,
    tally,
)
from otel_mlflow.delivery.pacer import Pacer
from otel_mlflow.delivery.records import TraceRecord
from tests.delivering import Finished, trace
from tests.unit.delivery.backend import ManualClock


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> IngestQueue:
    """An queue that keeps three live traces, and a little written ones."""
    monkeypatch.setattr("otel_mlflow.delivery.ingest_queue.MOST_UNWRITTEN", 3)
    monkeypatch.setattr("otel_mlflow.delivery.ingest_queue.MOST_BYTES", 10_000)
    return IngestQueue(ManualClock())


def taken(queue: IngestQueue) -> list[object]:
    """Everything that is in it, oldest first."""
    items: list[object] = []
    while (item := queue.take()) is not None:
        items.append(item)
    return items


def test_what_was_put_first_is_taken_first() -> None:
    """Traces, feedback and outcomes, in one order."""
    queue = IngestQueue(ManualClock())
    finished, feedback = Finished(), Feedback("tr-1", b"{}")
    for item in (finished, "excluded", feedback):
        queue.put(item)
    assert len(queue) == 3
    assert taken(queue) == [finished, "excluded", feedback]
    assert queue.take() is None


def test_beyond_its_bound_a_trace_is_written_down_by_whoever_puts_it(small: IngestQueue) -> None:
    """So that live objects do not pile up while the writer is behind."""
    for _ in range(4):
        small.put(Finished(trace(spans=1, info=b"{}")))
    kinds = [type(item) for item in taken(small)]
    assert kinds == [Finished, Finished, Finished, Written]


def test_what_is_written_down_already_comes_in_its_turn_and_is_no_request() -> None:
    """More of a trace that lasts: the record that tells of the whole stands for the request."""
    queue = IngestQueue(ManualClock())
    whole, more = Finished(), trace(counted=False)
    queue.put(whole)
    queue.put_written(more)
    assert queue.tally() == {"requests": 1, "traced": 1}
    first, second = taken(queue)
    assert first is whole
    assert second == Written(more, counted=False)


def test_beyond_its_bytes_a_trace_is_dropped_and_counted(small: IngestQueue) -> None:
    """The disk hangs: memory stays bounded, and every request is accounted for."""
    for _ in range(60):
        small.put(Finished())
    total = small.tally()
    assert total["requests"] == total["traced"] == 60
    assert total["dropped"] > 0
    assert sum(item.size for item in taken(small) if isinstance(item, Written)) <= 12_000


def test_bytes_are_free_again_once_taken(small: IngestQueue) -> None:
    """A writer that catches up lets new traces in."""
    for _ in range(60):
        small.put(Finished())
    taken(small)
    for _ in range(4):
        small.put(Finished())
    assert small.tally()["dropped"] == 0


def test_outcomes_and_feedback_are_never_dropped(small: IngestQueue) -> None:
    """They are small, and counts must add up."""
    for _ in range(100):
        small.put("excluded")
        small.put(Feedback("tr-1", b"{}"))
    assert small.tally()["excluded"] == 100
    assert len(small) == 200


def test_a_fragment_that_is_dropped_is_no_request(small: IngestQueue) -> None:
    """What stands for no request changes no counter, dropped or not; that it was dropped is told."""
    for _ in range(60):
        small.put(Finished(trace(counted=False)))
    assert not +small.tally()
    assert [item for item in taken(small) if isinstance(item, Dropped) and "disk" in item.why.reason]


def test_whoever_sleeps_is_woken_by_the_next_item() -> None:
    """The writer sleeps without a deadline, and comes back for a trace."""
    queue, awake = IngestQueue(SYSTEM_CLOCK), threading.Event()

    def sleep() -> None:
        queue.wait(None)
        awake.set()

    sleeper = threading.Thread(target=sleep, daemon=True)
    sleeper.start()
    while not awake.is_set() and sleeper.is_alive():
        queue.put("excluded")
    assert awake.wait(30)


def test_nobody_sleeps_while_there_is_something() -> None:
    """A trace that came a moment before is not waited beside."""
    clock = ManualClock()
    queue = IngestQueue(clock)
    queue.put("excluded")
    queue.wait(10.0)
    assert clock.waits == []


def test_traces_linger_until_there_is_a_crowd() -> None:
    """A burst is not waited out: the more wait, the more of them the garbage collector has to carry along."""
    clock = ManualClock()
    queue = IngestQueue(clock)
    for number in range(CROWD):
        assert clock.waits == [1.0] * number
        queue.linger(1.0)
        queue.put(Finished())
    queue.linger(1.0)
    assert clock.waits == [1.0] * CROWD


def test_requests_let_the_writer_in_while_a_crowd_waits() -> None:
    """However busy the event loop is, live objects stay few enough to be young when they go."""
    clock = ManualClock()
    queue = IngestQueue(clock)
    clock.at_sleep = queue.take
    queue.pacer = Pacer(clock, lambda: True)
    with queue.pacer.working():
        clock.now += 1.0
        for _ in range(10 * CROWD):
            queue.put(Finished())
    assert len(queue) == CROWD


def test_a_writer_that_is_let_in_works_a_crowd_off() -> None:
    """Between two crowds requests meet nothing of it, and find the processor's caches as they left them."""
    clock = ManualClock()
    queue = IngestQueue(clock)
    waiting: list[int] = []

    def take_some() -> None:
        waiting.append(len(queue))
        for _ in range(11):
            queue.take()

    clock.at_sleep = take_some
    queue.pacer = Pacer(clock, lambda: True)
    with queue.pacer.working():
        clock.now += 1.0
        for _ in range(2 * CROWD + FEW):
            queue.put(Finished())
    once = list(range(CROWD + 1, FEW, -10))
    assert waiting == [*once, *once]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Dropped(HELD_NOTHING, counted=True), {"requests": 1, "traced": 1, "dropped": 1}),
        (Dropped(HELD_NOTHING, counted=False), {}),
        ("sampled_out", {"requests": 1, "sampled_out": 1}),
        (Feedback("tr-1", b"{}"), {}),
        (Finished(trace(counted=False)), {}),
        (Finished(), {"requests": 1, "traced": 1}),
    ],
)
def test_what_an_item_adds_to_the_counters(item: Finished | Feedback | Dropped | str, expected: dict[str, int]) -> None:
    """Each request once, and nothing for what is none."""
    assert tally(item) == expected


def test_a_record_of_nothing_is_none() -> None:
    """A trace all of whose spans were left out leaves no record."""
    assert encode_records(Finished(TraceRecord("tr-1", b"", b"", None, counted=False))) is HELD_NOTHING
    assert isinstance(encode_records(Finished(dataclasses.replace(trace(), info=b""))), list)
