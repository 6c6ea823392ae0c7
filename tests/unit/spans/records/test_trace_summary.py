"""The tag that says what a trace contributes to figures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from otel_mlflow.spans.records.duration_buckets import UNKNOWN
from otel_mlflow.spans.records.trace_summary import (
    MAX_LENGTH,
    MOST_NAMES,
    ModelUse,
    ToolUse,
    TraceSummary,
    durations_of,
    summary_from_tag,
)


def model_call(model: str, tokens: tuple[int, int], cost: float | None = None) -> dict[str, Any]:
    """The attributes of a call of a model, as MLflow has them."""
    usage = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    said: dict[str, Any] = {"mlflow.spanType": "CHAT_MODEL", "mlflow.llm.model": model}
    said["mlflow.chat.tokenUsage"] = json.dumps(usage)
    return said if cost is None else {**said, "mlflow.llm.cost": json.dumps({"total_cost": cost})}


def test_calls_tokens_and_cost_are_added_up_by_model() -> None:
    """Every call counts, and an agent that repeats their total does not."""
    summary = TraceSummary()
    summary.add_span("agent", {**model_call("large", (100, 50)), "mlflow.spanType": "AGENT"}, is_failed=False)
    summary.add_span("model", model_call("large", (10, 5), 0.25), is_failed=False)
    summary.add_span("model", model_call("large", (20, 5), 0.5), is_failed=False)
    summary.add_span("model", model_call("small", (1, 1)), is_failed=True)
    assert summary.models == {"large": ModelUse(2, 30, 10, 40, 0.75), "small": ModelUse(1, 1, 1, 2, None)}
    assert summary.spans == 4


def test_tools_are_counted_by_name_with_their_failures() -> None:
    """MLflow's type may be JSON text."""
    summary = TraceSummary()
    for kind, is_failed in (("TOOL", True), ('"TOOL"', False)):
        summary.add_span("search", {"mlflow.spanType": kind}, is_failed=is_failed)
    assert summary.tools == {"search": ToolUse(2, 1)}


@pytest.mark.parametrize("error_type", [None, "ValueError"])
@pytest.mark.parametrize("ttfb", [None, 12.5])
def test_what_is_written_is_read_again(error_type: str | None, ttfb: float | None) -> None:
    """All of it."""
    written = TraceSummary(
        3, {"m": ModelUse(1, 2, 3, 5, None)}, {"tööl": ToolUse(4, 1)}, error_type=error_type, time_to_first_byte_ms=ttfb
    )
    assert summary_from_tag(written.to_tag()) == written


def test_a_summary_of_nothing_is_short() -> None:
    """Most traces have neither models nor tools, and the tag is on each."""
    assert TraceSummary(2).to_tag() == '{"v":1,"spans":2}'


def test_names_that_have_no_room_are_left_out_and_the_tag_says_so() -> None:
    """Those that were used least."""
    summary = TraceSummary(900, tools={f"tool {number} " + "x" * 40: ToolUse(number + 1) for number in range(400)})
    tag = summary.to_tag()
    read = summary_from_tag(tag)
    assert read is not None
    assert len(tag) <= MAX_LENGTH
    assert read.is_cut
    assert min(tool.calls for tool in read.tools.values()) > 300


def test_other_spans_are_told_by_name_but_for_the_root() -> None:
    """Tools have a place of their own; what takes longest is told where there are many names."""
    summary = TraceSummary()
    summary.add_span("GET /", {}, is_failed=False, duration_ms=900, is_root=True)
    summary.add_span("search", {"mlflow.spanType": "TOOL"}, is_failed=False, duration_ms=5)
    for duration in range(MOST_NAMES + 5):
        summary.add_span(f"step {duration}", {}, is_failed=duration == 7, duration_ms=duration)
    assert summary.has_all_names
    read = summary_from_tag(summary.to_tag())
    assert read is not None
    assert list(read.names) == [f"step {duration}" for duration in range(MOST_NAMES + 4, 4, -1)]
    assert read.names["step 7"] == ToolUse(1, 1, 7, 7)
    assert (read.has_all_names, read.is_cut) == (False, False)


def test_names_of_spans_give_way_to_models_and_tools() -> None:
    """Whose figures nothing else tells."""
    summary = TraceSummary(900, tools={f"tool {number} " + "x" * 40: ToolUse(1) for number in range(50)})
    summary.names = {f"span {number} " + "x" * 100: ToolUse(1) for number in range(20)}
    read = summary_from_tag(summary.to_tag())
    assert read is not None
    assert (len(read.tools), read.is_cut) == (50, False)
    assert 0 < len(read.names) < 20


@pytest.mark.parametrize("calls", [1, 2, 3, 40])
def test_how_long_each_call_took_is_told(calls: int) -> None:
    """By sum and longest of one or two; by buckets of more."""
    summary = TraceSummary()
    for duration in range(calls):
        summary.add_span("search", {"mlflow.spanType": "TOOL"}, is_failed=False, duration_ms=duration)
    read = summary_from_tag(summary.to_tag())
    assert read is not None
    assert durations_of(read.tools["search"]) == dict.fromkeys(range(calls), 1)


def test_durations_give_way_to_names() -> None:
    """Sum and longest stay; that nobody knows the rest is told."""
    summary = TraceSummary(900)
    for name in range(40):
        for duration in range(60):
            summary.add_span(f"tool {name}", {"mlflow.spanType": "TOOL"}, is_failed=False, duration_ms=duration)
    read = summary_from_tag(summary.to_tag())
    assert read is not None
    assert (len(read.tools), read.is_cut) == (40, False)
    assert durations_of(read.tools["tool 7"]) == {UNKNOWN: 60}


@pytest.mark.parametrize("durations", ["1", "[1]", "[-1, 2]", "[2048, 2]", '["a", 2]', '[1, "many"]'])
def test_durations_that_are_none_make_a_tag_that_is_not_ours(durations: str) -> None:
    """Then its spans are read."""
    assert summary_from_tag(f'{{"v":1,"spans":4,"tools":{{"search":[3,0,9,3,{durations}]}}}}') is None


@pytest.mark.parametrize(
    "text", [None, "", "[]", "no JSON", '{"v":2,"spans":1}', '{"v":1}', '{"v":1,"spans":1,"models":1}']
)
def test_what_is_no_summary_of_ours_is_none(text: str | None) -> None:
    """Tags can be written by anybody."""
    assert summary_from_tag(text) is None


@pytest.mark.parametrize("value", ["text", -1.5, None, {"a": 1}, True])
def test_odd_values_of_attributes_cost_nothing_but_their_figure(value: object) -> None:
    """Spans come from everybody's instrumentation."""
    said = {"mlflow.spanType": "LLM", "mlflow.llm.model": "m", "mlflow.chat.tokenUsage": {"input_tokens": value}}
    summary = TraceSummary()
    summary.add_span("model", {**said, "mlflow.llm.cost": value}, is_failed=False)
    assert summary.models["m"].calls == 1
