"""Records that the backend fails on while it takes others."""

from __future__ import annotations

from otel_mlflow.delivery.poison_records import ENOUGH_FAILURES, PoisonRecordTracker


def test_a_record_is_at_fault_when_others_are_taken_meanwhile() -> None:
    """Failing alone counts only where something else was taken since the last time."""
    suspects = PoisonRecordTracker()
    verdicts = []
    for _ in range(ENOUGH_FAILURES):
        suspects.others_taken()
        verdicts.append(suspects.failed_alone(1))
    assert verdicts == [False] * (ENOUGH_FAILURES - 1) + [True]


def test_a_backend_that_is_down_makes_nothing_suspect() -> None:
    """However often a record fails while nothing is taken, it is not its fault."""
    suspects = PoisonRecordTracker()
    assert not any(suspects.failed_alone(1) for _ in range(50))


def test_the_suspect_tried_longest_ago_comes_first() -> None:
    """No suspect keeps the others from their next try."""
    suspects = PoisonRecordTracker()
    for record in (1, 2, 3, 1):
        suspects.failed_alone(record)
    assert suspects.ids() == [2, 3, 1]
    suspects.clear(2)
    assert suspects.ids() == [3, 1]
