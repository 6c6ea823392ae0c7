"""What is decided purely: retries, pace, suspects."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.delivery.poison_records import ENOUGH_FAILURES, PoisonRecordTracker
from otel_mlflow.delivery.rate_controller import LARGEST_BATCH, LONGEST_PAUSE, RateController
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


@pytest.mark.parametrize(
    ("error", "records", "failures", "expected"),
    [
        (None, 100, 3, Action(Step.GO_ON)),
        (RejectedError("no"), 100, 3, Action(Step.SPLIT, failures=3)),
        (RejectedError("no"), 1, 0, Action(Step.QUARANTINE)),
        (RetryableError("busy"), 100, 0, Action(Step.WAIT, 0.125, 1)),
        (RetryableError("busy"), 100, 3, Action(Step.WAIT, 1.0, 4)),
        (RetryableError("busy", retry_after=7.0), 100, 3, Action(Step.WAIT, 7.0, 4)),
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


def test_pace_halves_on_failure_and_doubles_on_success() -> None:
    """The batch shrinks to one record and grows back to the largest."""
    pace = RateController()
    for _ in range(10):
        pace = pace.failed()
    assert pace.batch == 1
    for _ in range(10):
        pace = pace.taken()
    assert pace == RateController(LARGEST_BATCH)


def test_pace_slows_down_when_asked_to_and_finds_its_way_back() -> None:
    """Each 429 doubles the pause up to a cap; successes shorten it until there is none."""
    pace = RateController().throttled()
    assert 0 < pace.pause < pace.throttled().pause
    assert pace.batch < LARGEST_BATCH
    for _ in range(20):
        pace = pace.throttled()
    assert pace.pause == LONGEST_PAUSE
    for _ in range(40):
        pace = pace.taken()
    assert pace.pause == 0


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


@pytest.mark.parametrize("room", ["retry", "rate_controller", "poison_records"])
def test_pure_rooms_know_neither_clock_nor_chance_nor_io(room: str) -> None:
    """What decides purely imports nothing by which it could do anything else."""
    script = f"""
import sys
import otel_mlflow.errors
before = set(sys.modules)
import importlib.util
spec = importlib.util.find_spec("otel_mlflow.delivery.{room}")
source = open(spec.origin, encoding="utf-8").read()
import ast
names = {{alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names}}
names |= {{node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}}
print(" ".join(sorted(names)))
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(found) <= {"__future__", "dataclasses", "enum", "otel_mlflow.errors"}
