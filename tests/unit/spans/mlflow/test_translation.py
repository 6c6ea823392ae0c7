"""Spans of other instrumentations arrive in MLflow's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import mlflow
import pytest
from mlflow.entities import Span, SpanType
from mlflow.tracing.otel import translation as mlflow_translation
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from packaging.version import Version

from otel_mlflow.content import REDACTED
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.mlflow.translation import CONVENTIONS
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.conventions import ANSWER, GEN_AI, GEN_AI_TOOL, OPEN_INFERENCE, TRACELOOP
from tests.unit.apps import app_of, raw
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import spans_of

USAGE = "mlflow.chat.tokenUsage"
needs_newer = pytest.mark.skipif(
    Version(mlflow.__version__) < Version("3.12"), reason="this MLflow reads neither models nor prompts in events"
)


def span_with(traces: CapturedTraces, instrument: Instrument, said: dict[str, Any], **tracing: Any) -> Span:
    """The span that a library opened in a request, and said this of it."""

    def handler() -> None:
        with raw("call") as opened:
            opened.set_attributes(said)

    app = app_of(handler)
    instrument(app, tracing=tracing)
    Call(app).run()
    return spans_of(traces[0])["call"]


@pytest.mark.parametrize(
    ("said", "span_type", "inputs", "outputs"),
    [
        (GEN_AI, SpanType.CHAT_MODEL, [{"role": "user", "content": "asked"}], ANSWER),
        (GEN_AI_TOOL, SpanType.TOOL, {"query": "asked"}, "answered"),
        (OPEN_INFERENCE, SpanType.LLM, {"question": "asked"}, "answered"),
        (TRACELOOP, SpanType.AGENT, {"question": "asked"}, {"answer": "answered"}),
    ],
    ids=["gen_ai", "gen_ai tool", "OpenInference", "Traceloop"],
)
def test_each_convention_is_understood(
    traces: CapturedTraces, instrument: Instrument, said: dict[str, Any], span_type: str, inputs: Any, outputs: Any
) -> None:
    """Type, inputs and outputs."""
    call = span_with(traces, instrument, said)
    assert call.span_type == span_type
    assert call.inputs == inputs
    assert call.outputs == outputs


@pytest.mark.parametrize("said", [GEN_AI, OPEN_INFERENCE, TRACELOOP], ids=["gen_ai", "OpenInference", "Traceloop"])
def test_tokens_are_counted_in_each_convention(
    traces: CapturedTraces, instrument: Instrument, said: dict[str, Any]
) -> None:
    """Under MLflow's names."""
    call = span_with(traces, instrument, said)
    assert call.attributes[USAGE] == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}


def written(instrument: Instrument, said: dict[str, Any], **tracing: Any) -> dict[str, str]:
    """What is written of such a span, before any server or reader has translated it."""
    delivery = MemoryDelivery()
    app = app_of(lambda: None)
    instrument(app, tracing=tracing)
    with BRIDGE.diverted_to(delivery), raw("call") as opened:
        opened.set_attributes(said)
    delivery.traces()
    ((record,),) = delivery._records.values()
    (span,) = ExportTraceServiceRequest.FromString(record.spans).resource_spans[0].scope_spans[0].spans
    return {item.key: item.value.string_value for item in span.attributes}


@needs_newer
def test_it_is_done_before_anything_is_sent(fresh_process: None, instrument: Instrument) -> None:
    """Not every destination translates."""
    attributes = written(instrument, GEN_AI)
    assert attributes["mlflow.spanType"] == "CHAT_MODEL"
    assert attributes["mlflow.llm.model"] == "small"
    assert attributes["mlflow.spanInputs"] == GEN_AI["gen_ai.input.messages"]


def test_costs_are_left_to_the_server(fresh_process: None, instrument: Instrument) -> None:
    """It has the prices; looking them up here may import a large library."""
    assert "mlflow.llm.cost" not in written(instrument, GEN_AI | {"gen_ai.request.model": "gpt-4o"})


def test_secrets_in_them_are_hidden(fresh_process: None, instrument: Instrument) -> None:
    """In what was translated, and in what it was translated from."""
    attributes = written(instrument, {"openinference.span.kind": "TOOL", "input.value": '{"api_key": "hunter2"}'})
    assert "hunter2" not in str(attributes)
    assert REDACTED in attributes["mlflow.spanInputs"]


def test_content_that_may_not_leave_is_not_translated(fresh_process: None, instrument: Instrument) -> None:
    """`tracing.capture_input_output: false` leaves types and tokens."""
    attributes = written(instrument, GEN_AI, capture_input_output=False)
    assert "asked" not in str(attributes)
    assert "answered" not in str(attributes)
    assert attributes["mlflow.spanType"] == "CHAT_MODEL"


def test_what_the_span_says_in_mlflow_s_words_stays(fresh_process: None, instrument: Instrument) -> None:
    """A translator has no better word than the span's own."""
    said = {**GEN_AI, "mlflow.spanInputs": '"own"', "mlflow.spanType": '"AGENT"'}
    attributes = written(instrument, said)
    assert (attributes["mlflow.spanInputs"], attributes["mlflow.spanType"]) == ("own", "AGENT")


@needs_newer
def test_prompts_in_events_are_inputs(traces: CapturedTraces, instrument: Instrument) -> None:
    """Some frameworks keep content in events."""

    def handler() -> None:
        with raw("call") as opened:
            opened.set_attribute("gen_ai.operation.name", "chat")
            opened.add_event("gen_ai.content.prompt", {"gen_ai.prompt": "asked"})
            opened.add_event("gen_ai.content.completion", {"gen_ai.completion": "answered"})

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    call = spans_of(traces[0])["call"]
    assert (call.inputs, call.outputs) == ("asked", "answered")


@pytest.mark.parametrize("kind", ["[]", "{}", 7, "", "no such kind"])
def test_strange_values_harm_nothing(traces: CapturedTraces, instrument: Instrument, kind: Any) -> None:
    """Attributes are whatever a library puts there."""
    said = {"openinference.span.kind": kind, "gen_ai.usage.input_tokens": "many", "input.value": ""}
    call = span_with(traces, instrument, said)
    assert call.name == "call"


def keys_of_mlflow() -> Iterator[str]:
    """The names by which MLflow's translators recognise what they translate."""
    for translator in mlflow_translation._TRANSLATORS:
        for name in dir(translator):
            value = getattr(translator, name)
            if name.isupper() and name.endswith("KEY") and isinstance(value, str):
                yield value
            elif name.isupper() and name.endswith("KEYS") and isinstance(value, list):
                yield from (re.sub(r"\\", "", key.pattern if isinstance(key, re.Pattern) else key) for key in value)


# Parts of events, and bare words that stand beside a name by which the span is recognised.
BESIDE = {"gen_ai.prompt", "gen_ai.completion", "input", "output", "input_tokens", "output_tokens", "cache_read_tokens"}


def test_all_conventions_of_mlflow_are_recognised() -> None:
    """One that a newer MLflow knows is added here."""
    missed = {key for key in keys_of_mlflow() if not key.startswith(CONVENTIONS)}
    assert missed <= BESIDE | {"cache_creation_tokens", "usage.prompt_tokens", "usage.completion_tokens"}
