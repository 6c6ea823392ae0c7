"""Records that the backend fails on while it takes others."""

from __future__ import annotations

from otel_mlflow.delivery.poison_records import ENOUGH_FAILURES, PoisonRecordTracker


def test_a_record_is_at_fault_when_others_are_taken_meanwhile() -> None:
    """Failing alone counts only where something else was taken since the last time."""
    tracker = PoisonRecordTracker()
    verdicts = []
    for _ in range(ENOUGH_FAILURES):
        tracker.others_taken()
        verdicts.append(tracker.failed_alone(1))
    assert verdicts == [False] * (ENOUGH_FAILURES - 1) + [True]


def test_a_backend_that_is_down_says_nothing_of_a_record() -> None:
    """However often a record fails while nothing is taken, it is not its fault."""
    tracker = PoisonRecordTracker()
    assert not any(tracker.failed_alone(1) for _ in range(50))


def test_the_poison_record_tried_longest_ago_comes_first() -> None:
    """No poison record keeps the others from their next try."""
    tracker = PoisonRecordTracker()
    for record in (1, 2, 3, 1):
        tracker.failed_alone(record)
    assert tracker.ids() == [2, 3, 1]
    tracker.clear(2)
    assert tracker.ids() == [3, 1]
