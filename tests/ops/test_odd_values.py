"""What anybody can write on a trace: a value that is none costs its figure, never the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.ops.bodies import json_body
from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.entry import entry_from_info
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.summary import Disclosure, Summary
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG, TraceSummary
from otel_mlflow.status import Experiment

NOON = 1_767_700_800_000
COST = '{"total_cost": 0.3}'
PLAIN: dict[str, Any] = {
    "trace_id": "tr-1",
    "request_time": "2026-01-06T12:00:00Z",
    "execution_duration": "0.5s",
    "state": "OK",
    "tags": {"mlflow.traceName": "GET /"},
}
NO_STATUS_CODES = ["9" * 30, "9" * 5000, "1000", "-1", "2e2", " 200", "٢٠٠", "abc", ""]
SUMMARIES = [
    '{"v": 1, "spans": 1, "models": {"m": ["a", 1, 1, 2, 0.1, 5, 5]}}',
    '{"v": 1, "spans": 1, "models": {"m": [null, 1, 1, 2, 0.1, 5, 5]}}',
    '{"v": 1, "spans": 1, "models": {"m": [1, 1, 1, 2, NaN, 5, 5]}}',
    '{"v": 1, "spans": 1, "models": {"m": [1, 1, 1, 1e300, 0.1, 5, 5]}}',
    '{"v": 1, "spans": 1, "models": {"\\ud800": [1, 1, 1, 2, 0.1, 5, 5]}}',
    '{"v": 1, "spans": 1, "tools": {"t": [-1, 0, 5, 5]}}',
    '{"v": 1, "spans": 1, "tools": {"t": [[], 0, 5, 5]}}',
    '{"v": 1, "spans": 1, "names": {"n": [1]}}',
    '{"v": 1, "spans": 1, "error": ["no", "text"]}',
    '{"v": 1, "spans": 1, "ttfb_ms": NaN}',
    '{"v": 1, "spans": 1, "ttfb_ms": "soon"}',
    '{"v": 1, "spans": "many"}',
]
USAGES = ['{"total_tokens": 1e300}', '{"total_tokens": "many"}', '{"total_tokens": NaN}', '{"total_tokens": -5}', "[1]"]
COSTS = ['{"total_cost": NaN}', '{"total_cost": Infinity}', '{"total_cost": 1e308}', '{"total_cost": "dear"}']
FEEDBACK = [1e308, 10**400, float("inf"), "\ud800", ["\ud800"], {"a": 10**400}]


def counted(folder: Path, *infos: dict[str, Any]) -> dict[str, Any]:
    """The figures of these traces, as they are sent."""
    index = TraceIndex(folder / "index.db")
    entries = [entry_from_info({**info, "trace_id": f"tr-{number}"}) for number, info in enumerate(infos)]
    index.replace(NOON, NOON + HOUR, entries, HOUR, {})
    question = Question(NOON, NOON + HOUR)
    with index.reading() as db:
        summary = Summary(question, "test", Experiment("1", "e", ""), count(db, question))
    return dict(json.loads(json_body(summary.to_dict(Disclosure(texts=True)))))


def tagged(name: str, value: str) -> dict[str, Any]:
    """A trace with one more tag."""
    return {**PLAIN, "tags": {**PLAIN["tags"], name: value}}


@pytest.mark.parametrize("code", ["0", "200", "499", "599", "999"])
def test_status_codes_are_told_as_they_are(code: str, tmp_path: Path) -> None:
    """Whatever they mean."""
    found = counted(tmp_path, tagged("http.status_code", code))
    assert found["statuses"] == [{"status_code": int(code), "requests": 1}]
    assert found["latest"][0]["status_code"] == int(code)


@pytest.mark.parametrize("code", NO_STATUS_CODES)
def test_what_is_no_status_code_is_not_known(code: str, tmp_path: Path) -> None:
    """Also where no number holds it."""
    found = counted(tmp_path, tagged("http.status_code", code), PLAIN)
    assert (found["statuses"], found["totals"]["requests"]) == ([], 2)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_summary_that_somebody_else_wrote_costs_no_figure_of_others(summary: str, tmp_path: Path) -> None:
    """Of whatever types its values are."""
    found = counted(tmp_path, tagged(SUMMARY_TAG, summary), PLAIN)
    assert (found["totals"]["requests"], found["totals"]["p50_ms"]) == (2, 500)


@pytest.mark.parametrize("usage", USAGES)
def test_tokens_that_are_no_number_are_none(usage: str, tmp_path: Path) -> None:
    """Those of other traces are counted."""
    odd = {**PLAIN, "trace_metadata": {"mlflow.trace.tokenUsage": usage}}
    plain = {**PLAIN, "trace_metadata": {"mlflow.trace.tokenUsage": '{"total_tokens": 7}'}}
    assert counted(tmp_path, odd, odd, plain)["totals"]["total_tokens"] == 7


@pytest.mark.parametrize("cost", COSTS)
def test_a_cost_that_is_no_amount_is_none(cost: str, tmp_path: Path) -> None:
    """Those of other traces are counted."""
    odd = {**PLAIN, "trace_metadata": {"mlflow.trace.cost": cost}}
    plain = {**PLAIN, "trace_metadata": {"mlflow.trace.cost": '{"total_cost": 0.5}'}}
    assert counted(tmp_path, odd, odd, plain)["totals"]["cost"] == 0.5


@pytest.mark.parametrize("value", FEEDBACK)
def test_feedback_of_any_value_is_counted(value: object, tmp_path: Path) -> None:
    """Although there may be no mean of it."""
    given = [{"assessment_name": "odd", "feedback": {"value": value}}] * 3
    (feedback,) = counted(tmp_path, {**PLAIN, "assessments": given})["feedback"]
    assert (feedback["name"], feedback["given"]) == ("odd", 3)


def test_a_judge_that_failed_has_given_no_feedback(tmp_path: Path) -> None:
    """MLflow keeps its error, with no value."""
    failed = {"assessment_name": "safety", "feedback": {"value": None, "error": {"error_code": "TIMEOUT"}}}
    assert counted(tmp_path, {**PLAIN, "assessments": [failed]})["feedback"] == []


def test_what_a_tag_says_stands_where_a_backend_has_no_spans() -> None:
    """It looks for the prices of several models there, which the tag does not say."""
    summary = '{"v": 1, "spans": 3, "models": {"a": [1, 1, 1, 2, null, 5, 5], "b": [1, 1, 1, 2, 0.1, 5, 5]}}'
    entry = entry_from_info({**tagged(SUMMARY_TAG, summary), "trace_metadata": {"mlflow.trace.cost": COST}})
    assert entry.needs_spans
    assert entry.with_summary(TraceSummary()) == entry
