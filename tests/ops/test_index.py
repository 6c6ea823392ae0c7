"""The index of a host: what it reads of a trace, when it catches up, and what it says while it has not."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.errors import RetryableError
from otel_mlflow.ops.feeds.sqlite_store import SqliteFeed
from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.entry import CANCELLED, ERROR, OK, TraceEntry, assessment, entry_from_info, outcome_of
from otel_mlflow.ops.index.synchronizer import Synchronizer
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import DAY, HOUR, MINUTE, Question, question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.ops.summary import Disclosure
from tests.ops import seed
from tests.ops.conftest import EXPERIMENT
from tests.ops.dashboards import settings_of
from tests.servers.process import until

INFO: dict[str, Any] = {"trace_id": "tr-1", "request_time": "2026-01-06T02:31:38.396Z", "state": "OK"}


@pytest.mark.parametrize(
    ("state", "tag", "outcome"),
    [
        ("OK", "ok", OK),
        ("OK", None, OK),
        ("ERROR", None, ERROR),
        ("ERROR", "error", ERROR),
        ("ERROR", "cancelled", CANCELLED),
    ],
)
def test_what_was_cancelled_is_no_error(state: str, tag: str | None, outcome: int) -> None:
    """Although MLflow calls it one."""
    assert outcome_of(state, tag) == outcome


@pytest.mark.parametrize(
    "time", ["2026-01-06T02:31:38Z", "2026-01-06T02:31:38.000000000Z", "2026-01-06T03:31:38+01:00"]
)
def test_times_are_read_in_every_form_that_protobuf_writes(time: str) -> None:
    """With no digits of a second, or with nine."""
    assert entry_from_info({**INFO, "request_time": time}).time_ms == 1_767_666_698_000


def test_a_bare_info_is_an_entry() -> None:
    """Without name, tags, metadata, duration or feedback."""
    entry = entry_from_info(INFO)
    assert (entry.route, entry.user, entry.duration_ms, entry.assessments) == ("", None, None, ())
    assert entry.needs_spans


@pytest.mark.parametrize("tag", ["200", "", "x", "²"])
def test_a_status_code_is_a_number_or_none(tag: str) -> None:
    """Tags can be written by anybody."""
    assert entry_from_info({**INFO, "tags": {"http.status_code": tag}}).status_code == (200 if tag == "200" else None)


@pytest.mark.parametrize(
    ("info", "needs"),
    [
        ({"tags": {"otel_mlflow.summary": '{"v":1,"spans":1}'}}, False),
        ({"tags": {"otel_mlflow.summary": '{"v":1,"spans":1,"cut":true}'}}, True),
        ({"tags": {"otel_mlflow.summary": "broken"}}, True),
        (
            {
                "tags": {"otel_mlflow.summary": '{"v":1,"spans":1}'},
                "trace_metadata": {"mlflow.trace.tokenUsage": '{"total_tokens": 5}'},
            },
            True,
        ),
    ],
)
def test_spans_are_read_only_where_the_tag_does_not_tell_all(info: dict[str, Any], needs: bool) -> None:
    """No tag, one that was cut, or one that does not know of tokens that the backend has seen."""
    assert entry_from_info({**INFO, **info}).needs_spans == needs


@pytest.mark.parametrize(
    ("value", "text", "number", "is_text"),
    [
        (True, "true", 1.0, False),
        (3, "3.0", 3.0, False),
        ("no", "no", 0.0, False),
        ("fine", "fine", None, True),
        ({"a": 1}, '{"a": 1}', None, True),
        (float("nan"), "NaN", None, True),
    ],
)
def test_values_of_feedback_are_numbers_or_texts(value: Any, text: str, number: float | None, is_text: bool) -> None:
    """Yes and no are numbers, too."""
    found = assessment("about", value)
    assert (found.value, found.number, found.is_text) == (text, number, is_text)


def test_a_question_says_that_the_index_is_behind_until_it_is_not(store: Path, tmp_path: Path) -> None:
    """It does not wait longer than it may, and what is not read by then is read after that: also without patience."""
    source = source_for(settings_of(store, tmp_path), patience=0)
    asked = question_of({"window": "24h"}, seed.END)
    first = source.summary(asked).to_dict(Disclosure())
    assert any(each["reason"].startswith("behind") for each in first["missing"])
    last = until(
        lambda: found if not (found := source.summary(asked).to_dict(Disclosure()))["missing"] else None,
        seconds=60,
        waiting_for=lambda: "the index to be fed",
    )
    assert last["totals"]["requests"] > 0


def test_two_processes_share_an_index(store: Path, tmp_path: Path) -> None:
    """What one has read, the other need not: it answers at once, and from the same file."""
    asked = question_of({"window": "24h"}, seed.END)
    one, other = (source_for(settings_of(store, tmp_path)) for _ in range(2))
    found = one.summary(asked).to_dict(Disclosure())
    assert other.summary(asked).to_dict(Disclosure()) == found
    assert len(list((tmp_path / "spool" / "ops").glob("*.db"))) == 1


def test_an_index_with_a_damaged_column_is_made_anew(store: Path, tmp_path: Path) -> None:
    """SQLite does not see that bytes inside of a value have changed."""
    asked = question_of({"window": "24h"}, seed.END)
    source = source_for(settings_of(store, tmp_path))
    found = source.summary(asked)
    (path,) = (tmp_path / "spool" / "ops").glob("*.db")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE block SET data = substr(data, 1, length(data) / 2)")
    with pytest.raises(RetryableError, match="was damaged and is made anew"):
        source.summary(asked)
    again = source.summary(asked)
    assert (again.figures, again.missing) == (found.figures, found.missing)


@pytest.mark.parametrize("lost", ["the file", "the folder", "all of its content"])
def test_an_index_that_is_lost_while_it_is_used_is_made_anew(store: Path, tmp_path: Path, lost: str) -> None:
    """Also what lies before the window is read again, which is compared once a minute otherwise."""
    asked = question_of({"window": "24h"}, seed.END)
    source = source_for(settings_of(store, tmp_path))
    found = source.summary(asked)
    (path,) = (tmp_path / "spool" / "ops").glob("*.db")
    if lost == "the folder":
        shutil.rmtree(path.parent)
    elif lost == "the file":
        TraceIndex(path).forget()
    else:
        TraceIndex(path).forget()
        path.touch()
    again = source.summary(asked)
    assert (again.figures, again.missing) == (found.figures, found.missing)


def test_a_state_folder_that_cannot_be_used_costs_only_the_sharing(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The figures are there all the same."""
    (tmp_path / "spool").write_text("a file, not a folder")
    source = source_for(settings_of(store, tmp_path))
    assert source.summary(question_of({"window": "24h"}, seed.END)).figures.totals["requests"] > 0
    assert "the dashboard's index is kept in" in caplog.text


def test_another_store_under_the_same_name_replaces_what_was_known(store: Path, tmp_path: Path) -> None:
    """Traces that are gone from the backend are gone from the figures."""
    shutil.copy(store, tmp_path / "mlflow.db")
    source = source_for(settings_of(tmp_path / "mlflow.db", tmp_path))
    asked = question_of({"window": "24h"}, seed.END)
    assert source.summary(asked).figures.totals["requests"] > 0
    empty_of_traces(tmp_path / "mlflow.db")
    assert source.summary(asked).figures.totals["requests"] == 0


def empty_of_traces(path: Path) -> None:
    """Delete them all."""
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM trace_info")


def test_feedback_that_becomes_a_text_is_told_as_one(store: Path, tmp_path: Path) -> None:
    """MLflow's tables say when feedback was changed."""
    shutil.copy(store, tmp_path / "mlflow.db")
    source = source_for(settings_of(tmp_path / "mlflow.db", tmp_path))
    first = source.summary(question_of({"window": "28d"}, seed.END)).figures.feedback
    with sqlite3.connect(tmp_path / "mlflow.db") as db:
        db.execute("UPDATE assessments SET value = '\"text\"', last_updated_timestamp = last_updated_timestamp + 1")
    second = source.summary(question_of({"window": "28d"}, seed.END + 2 * MINUTE)).figures.feedback
    assert {row["name"] for row in second} == {row["name"] for row in first} != set()
    assert all(row["texts"] == row["given"] for row in second)


def test_beyond_the_limit_the_oldest_leave_the_index(tmp_path: Path) -> None:
    """And are read again where somebody asks for their time."""
    index = TraceIndex(tmp_path / "index.db")
    entries = [replace(entry(number), time_ms=number * HOUR // 4) for number in range(20)]
    index.replace(0, 5 * HOUR, entries, HOUR, {})
    index.prune(most=5)
    assert index.count(0, 5 * HOUR) == 4
    assert list(index.scanned(HOUR, 0, 5 * HOUR)) == [4 * HOUR]


def entry(number: int) -> TraceEntry:
    """A trace."""
    return TraceEntry(f"tr-{number}", "1", number * 1000, 5, "GET /", OK, is_unfinished=False)


def test_traces_that_say_nothing_of_http_are_counted(tmp_path: Path) -> None:
    """No status code, user, session or summary: somebody else wrote them, and every column is a narrow one."""
    index = TraceIndex(tmp_path / "index.db")
    index.replace(0, HOUR, [entry(number) for number in range(3)], HOUR, {})
    with index.reading() as db:
        figures = count(db, Question(0, HOUR))
    assert (figures.totals["requests"], figures.statuses, figures.users) == (3, [], [])


def test_hours_that_were_read_by_the_minute_are_read_once_more(store: Path, tmp_path: Path) -> None:
    """What was deleted meanwhile would stay for ever where the backend does not count anything in that hour."""
    index = TraceIndex(tmp_path / "index.db")
    minute = seed.END - 30 * DAY
    index.replace(minute, minute + MINUTE, [replace(entry(1), time_ms=minute)], MINUTE, {})
    shutil.copy(store, tmp_path / "mlflow.db")
    feed = SqliteFeed(tmp_path / "mlflow.db", Wanted(EXPERIMENT), None)
    feed.open()
    Synchronizer(index, feed).synchronize(minute - HOUR, minute + HOUR, threading.Event())
    assert index.count(minute - HOUR, minute + HOUR) == 0
