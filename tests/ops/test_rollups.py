"""What is counted from rollups is what is counted from the single traces."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.entry import CANCELLED, ERROR, OK, TraceEntry, assessment
from otel_mlflow.ops.index.rollup import rows_of_largest
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import DAY, HOUR, MINUTE, Question
from otel_mlflow.spans.records.trace_summary import ModelUse, ToolUse, TraceSummary
from tests.moments import moments_to_rest
from tests.ops.comparing import close

BEGIN = 20_000 * DAY
DAYS = 9
SERVICE = "the only one"
SLOWEST = 300_000


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> TraceIndex:
    """Of nine days, on one of which nothing happened."""
    made = TraceIndex(tmp_path_factory.mktemp("rollups") / "index.db")
    dice = random.Random(5)
    entries = [_entry(dice, number) for number in range(3000)]
    kept = [entry for entry in entries if not 3 * DAY <= entry.time_ms - BEGIN < 4 * DAY]
    made.replace(BEGIN, BEGIN + DAYS * DAY, kept, HOUR, {})
    return made


def _entry(dice: random.Random, number: int) -> TraceEntry:
    """Some have nothing but a name; few values, so that many are equal."""
    entry = TraceEntry(
        trace_id=f"tr-{number}",
        experiment_id="1",
        time_ms=BEGIN + dice.randrange(DAYS * 24 * 4) * 15 * MINUTE,
        duration_ms=dice.choice((None, 0, 7, 40, dice.randrange(1000), SLOWEST)),
        route=f"GET /{dice.randrange(9)}",
        outcome=dice.choice((OK, OK, ERROR, CANCELLED)),
        is_unfinished=False,
        service=SERVICE,
    )
    return entry if number % 5 == 0 else _told(dice, entry)


def _told(dice: random.Random, entry: TraceEntry) -> TraceEntry:
    models = {f"model {dice.randrange(7)}": ModelUse(1, 3, 4, dice.choice((0, 7)), 0.25, 9, dice.randrange(9))}
    tools = {f"tool {dice.randrange(3)}": ToolUse(2, dice.randrange(2), 5, dice.randrange(5))}
    summary = TraceSummary(1, models, tools, names={f"span {dice.randrange(30)}": ToolUse(1, 0, 6, 6)})
    summary.names["often"] = ToolUse(3, 0, 30, 20, dice.choice(({5: 2, 20: 1}, {})))
    summary.error_type = dice.choice((None, "ValueError", "KeyError"))
    summary.time_to_first_byte_ms = dice.choice((None, 0.0, 12.3456))
    user = dice.choice((None, *(f"user {n}" for n in range(40))))
    given = [assessment(name, dice.choice((0, 1, True, "no", f"a text {dice.randrange(9)}"))) for name in ("a", "b")]
    return replace(
        entry,
        status_code=dice.choice((200, 404, 500)),
        version=dice.choice((None, "1", "2")),
        user=user,
        session=dice.choice((None, f"session {dice.randrange(90)}")),
        cost=dice.choice((None, 0.125)),
        summary=summary,
        assessments=tuple(given[: dice.randrange(3)]),
    )


@pytest.mark.parametrize("length", [HOUR, DAY, 3 * DAY, 5 * DAY, DAYS * DAY])
@pytest.mark.parametrize("shift", [0, HOUR, 17 * MINUTE], ids=("by the day", "by the hour", "within an hour"))
def test_rollups_and_single_traces_have_the_same_figures(index: TraceIndex, length: int, shift: int) -> None:
    """A filter that all traces pass has them counted one by one."""
    asked = Question(BEGIN + DAYS * DAY - shift - length, BEGIN + DAYS * DAY - shift)
    with index.reading() as db:
        found, one_by_one = count(db, asked), count(db, replace(asked, service=SERVICE))
    assert found.totals["requests"] > 0
    assert vars(found) == close(vars(one_by_one))


@pytest.mark.parametrize(
    "slower_than", [0, 0.0005, 0.007, 0.0071, 0.04, 0.1, 0.2, 0.25, 0.3, 0.77, 299, 300, 301, 1e300]
)
@pytest.mark.parametrize("length", [2 * DAY, DAYS * DAY], ids=("steps below an hour", "steps of hours"))
def test_rollups_and_single_traces_agree_on_what_is_slow(index: TraceIndex, slower_than: float, length: int) -> None:
    """Whether a band of durations begins with the threshold or is divided by it."""
    asked = Question(BEGIN + DAYS * DAY - length, BEGIN + DAYS * DAY, slower_than=slower_than)
    with index.reading() as db:
        found, one_by_one = count(db, asked), count(db, replace(asked, service=SERVICE))
    assert (found.totals["requests"] > 0) == (slower_than <= SLOWEST / 1000)
    assert vars(found) == close(vars(one_by_one))


@pytest.mark.parametrize("traces", [127, 128, 129])
def test_the_last_of_as_many_traces_as_a_narrow_number_counts_are_slow(tmp_path: Path, traces: int) -> None:
    """Rows are kept as narrow as they go."""
    other = TraceIndex(tmp_path / "index.db")
    named = _told(random.Random(1), replace(_entry(random.Random(1), 0), time_ms=BEGIN))
    entries = [replace(named, trace_id=f"tr-{number}", duration_ms=1010 + number) for number in range(traces)]
    other.replace(BEGIN, BEGIN + HOUR, entries, HOUR, {})
    with other.reading() as db:
        found = count(db, Question(BEGIN, BEGIN + HOUR, slower_than=1.02))
    assert (found.totals["requests"], found.tools[0]["calls"]) == (traces - 10, 2 * (traces - 10))


def test_counting_may_rest_at_each_row_of_a_list(tmp_path: Path) -> None:
    """An event loop would wait for a list of thousands of routes otherwise."""
    routes = 1000
    other = TraceIndex(tmp_path / "index.db")
    entries = [replace(_entry(random.Random(number), 0), route=f"GET /{number}") for number in range(routes)]
    other.replace(BEGIN, BEGIN + DAYS * DAY, entries, HOUR, {})
    with other.reading() as db, moments_to_rest() as counted:
        count(db, Question(BEGIN, BEGIN + DAYS * DAY))
    assert counted.moments > 4 * routes


def test_rollups_follow_what_is_replaced(tmp_path: Path) -> None:
    """They are written with the traces, also of an hour of which a part stays."""
    other = TraceIndex(tmp_path / "index.db")
    dice = random.Random(6)
    entries = [_entry(dice, number) for number in range(200)]
    other.replace(BEGIN, BEGIN + DAYS * DAY, entries, HOUR, {})
    start, end = BEGIN + DAY, BEGIN + 2 * DAY + 30 * MINUTE
    other.replace(start, end, [entry for entry in entries[::2] if start <= entry.time_ms < end], HOUR, {})
    asked = Question(BEGIN, BEGIN + DAYS * DAY)
    with other.reading() as db:
        found, one_by_one = count(db, asked), count(db, replace(asked, service=SERVICE))
    assert vars(found) == close(vars(one_by_one))
    assert found.totals["requests"] == other.count(asked.start_ms, asked.end_ms) < len(entries)


def test_the_largest_are_kept_with_all_that_are_equal_to_the_last() -> None:
    """Of the same value the latest; of the same time all, because other things decide between them."""
    values, times = np.array([5] * 30 + [9] * 3), np.array([1] * 10 + [2] * 20 + [0] * 3)
    assert sorted(rows_of_largest(values, times).tolist()) == list(range(10, 33))
