"""What to do after a backend's response: a pure table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.delivery.retry import (
    LONGEST_REPAIR_WAIT,
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    Action,
    Step,
    backoff,
    next_action,
)
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RejectedError, RetryableError
from tests.unit.test_rooms import PACKAGE, imported


@pytest.mark.parametrize(
    ("error", "records", "failures", "expected"),
    [
        (None, 100, 3, Action(Step.GO_ON)),
        (RejectedError("no"), 100, 3, Action(Step.SPLIT, failures=3)),
        (RejectedError("no"), 1, 0, Action(Step.QUARANTINE)),
        (RetryableError("busy"), 100, 0, Action(Step.WAIT, 0.125, 1)),
        (RetryableError("busy"), 100, 3, Action(Step.WAIT, 1.0, 4)),
        (RetryableError("busy", retry_after=7.0), 100, 3, Action(Step.WAIT, 7.0, 4)),
        (RetryableError("busy", retry_after=0.0), 100, 3, Action(Step.WAIT, 1.0, 4)),
        (RetryableError("busy", retry_after=0.1), 100, 8, Action(Step.WAIT, LONGEST_WAIT / 2, 9)),
        (RetryableError("busy", retry_after=9e9), 100, 0, Action(Step.WAIT, LONGEST_RETRY_AFTER, 1)),
        (MisconfigurationError("who?"), 100, 0, Action(Step.REOPEN, 0.125, 1)),
    ],
)
def test_the_table_of_errors(error: DeliveryError | None, records: int, failures: int, expected: Action) -> None:
    """Each row of the table at the head of retry.py."""
    assert next_action(error, records=records, failures=failures, chance=0.0) == expected


@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_waits_are_capped_and_never_nothing(failures: int, chance: float) -> None:
    """However long a backend is down, it is asked again within the cap, and never in a tight loop."""
    assert 0.1 < backoff(failures, LONGEST_WAIT, chance) <= LONGEST_WAIT
    assert 0.1 < backoff(failures, LONGEST_REPAIR_WAIT, chance) <= LONGEST_REPAIR_WAIT


def test_processes_part_ways() -> None:
    """The same failure makes two processes wait for different times."""
    assert backoff(5, LONGEST_WAIT, 0.1) != backoff(5, LONGEST_WAIT, 0.9)


@pytest.mark.parametrize("room", ["retry", "rate_controller", "poison_records"])
def test_pure_rooms_know_neither_clock_nor_chance_nor_io(room: str) -> None:
    """What decides purely imports nothing by which it could do anything else."""
    assert set(imported(PACKAGE / "delivery" / f"{room}.py")) <= {
        "__future__",
        "dataclasses",
        "enum",
        "otel_mlflow.errors",
    }
