"""The tag that says what a trace contributes to figures is on every trace, and right."""

from __future__ import annotations

import json

import mlflow
import pytest
from fastapi import BackgroundTasks
from mlflow.entities import SpanType

from otel_mlflow.spans.records.trace_summary import ModelUse, ToolUse, TraceSummary, summary_from_tag
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import start, state_of


def call_model(model: str = "large") -> None:
    """As an autologged client does."""
    with mlflow.start_span("model", span_type=SpanType.CHAT_MODEL) as span:
        span.set_attribute("mlflow.llm.model", model)
        usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
        span.set_attribute("mlflow.chat.tokenUsage", usage)


def call_tool(*, fail: bool) -> None:
    """Which may raise."""
    with mlflow.start_span("search", span_type=SpanType.TOOL):
        if fail:
            raise KeyError("the secret")


def summary_of(traces: CapturedTraces) -> TraceSummary:
    """As the dashboard reads it."""
    found = summary_from_tag(traces[0].info.tags["otel_mlflow.summary"])
    assert found is not None
    return found


def test_a_request_tells_its_models_tools_and_error(instrument: Instrument, traces: CapturedTraces) -> None:
    """And nothing of what they were given or answered."""

    def handler() -> None:
        call_model()
        call_tool(fail=True)

    app = app_of(handler)
    instrument(app)
    with pytest.raises(KeyError):
        Call(app, "GET /").run()
    summary = summary_of(traces)
    (model,), (tool,) = summary.models.items(), summary.tools.items()
    assert model == ("large", ModelUse(1, 20, 5, 25, None, total_ms=model[1].total_ms, longest_ms=model[1].longest_ms))
    assert tool == ("search", ToolUse(1, 1, total_ms=tool[1].total_ms, longest_ms=tool[1].longest_ms))
    assert summary.error_type == "KeyError"
    assert summary.spans == 3
    assert "secret" not in traces[0].info.tags["otel_mlflow.summary"]


def test_what_is_called_after_the_answer_is_in_it_too(instrument: Instrument, traces: CapturedTraces) -> None:
    """The tag is written once more, and says all."""

    def handler(tasks: BackgroundTasks) -> str:
        call_model()
        tasks.add_task(call_model, "small")
        return "ok"

    app = app_of(handler)
    instrument(app)
    Call(app, "GET /").run()
    assert set(summary_of(traces).models) == {"large", "small"}


def test_a_request_that_uses_nothing_says_so_in_a_few_characters(
    instrument: Instrument, traces: CapturedTraces
) -> None:
    """So that nobody has to read its spans."""
    app = app_of(lambda: "ok")
    instrument(app)
    Call(app, "GET /").run()
    assert json.loads(traces[0].info.tags["otel_mlflow.summary"]) == {"v": 1, "spans": 1}


def test_a_call_that_outlives_a_cut_counts_once(traces: CapturedTraces) -> None:
    """It is told of when its request was cut, and again when it has ended: with what it says then."""
    root = start("root")
    call = start("model", root)
    call.set_attributes({"mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"large"'})
    root.end()
    state_of(root).trace.cut()
    told = summary_of(traces)
    assert (told.spans, told.models["large"].calls, told.models["large"].total_tokens) == (2, 1, 0)
    call.set_attribute("mlflow.chat.tokenUsage", '{"total_tokens": 25}')
    call.end()
    told = summary_of(traces)
    assert (told.spans, told.models["large"].calls, told.models["large"].total_tokens) == (2, 1, 25)


def test_a_root_that_is_told_anew_counts_once(traces: CapturedTraces) -> None:
    """An exception after the last byte is in its span, and no second span."""
    root = start("root")
    root.end()
    assert summary_of(traces).spans == 1
    state = state_of(root)
    state.trace.restate_root(state, state.readable or root)
    assert summary_of(traces).spans == 1
