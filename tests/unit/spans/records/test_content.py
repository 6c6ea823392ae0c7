"""What of a span's content leaves the process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mlflow
import pytest
from mlflow.entities import Trace
from opentelemetry import trace as trace_api

from otel_mlflow.content import REDACTED
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import spans_of

SECRET = "hunter2"


def served(
    traces: CapturedTraces, instrument: Instrument, handler: Callable[..., Any], request: str = "GET /", **tracing: Any
) -> Trace:
    """The trace of one request under these settings."""
    app = app_of(handler)
    instrument(app, tracing=tracing)
    with suppress(ValueError):
        Call(app, request).run()
    return traces[0]


def everything(trace: Trace) -> str:
    """All that is said in a trace, as text."""
    return str(trace.to_dict())


def test_secrets_are_redacted_on_every_span(traces: CapturedTraces, instrument: Instrument) -> None:
    """Whoever opened it, at any depth, in inputs, outputs, attributes and events."""

    def handler() -> dict[str, str]:
        with span("mlflow") as opened:
            opened.set_inputs({"config": [{"api_key": SECRET}]})
            opened.set_outputs({"password": SECRET})
            opened.set_attribute("password", SECRET)
        with raw("raw") as other:
            other.set_attribute("db.password", SECRET)
            other.add_event("login", {"token": SECRET})
        return {"access_token": SECRET}

    trace = served(traces, instrument, handler, f"GET /?api_key={SECRET}&a=b")
    assert SECRET not in everything(trace)
    assert spans_of(trace)["mlflow"].inputs == {"config": [{"api_key": REDACTED}]}
    assert spans_of(trace)["GET /"].attributes["url.query"] == f"api_key={REDACTED}&a=b"


def test_own_names_are_redacted_if_told(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.redact_keys`."""

    def handler() -> None:
        with span("work") as opened:
            opened.set_inputs({"iban": SECRET, "name": "me"})

    trace = served(traces, instrument, handler, redact_keys=["iban"])
    assert spans_of(trace)["work"].inputs == {"iban": REDACTED, "name": "me"}


def test_long_content_is_cut_and_says_so(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.max_content_bytes`, on every span; JSON stays JSON."""

    def handler() -> None:
        with span("work") as opened:
            opened.set_inputs({"text": "x" * 10_000})
            opened.set_attribute("note", "y" * 10_000)

    work = spans_of(served(traces, instrument, handler, max_content_bytes=200))["work"]
    assert isinstance(work.inputs, dict)
    assert len(str(work.inputs)) < 300
    assert "cut" in str(work.inputs)
    assert len(work.attributes["note"]) <= 200
    assert "cut" in work.attributes["note"]


SAID = "what was said"


def test_nothing_that_went_in_or_came_out_leaves_if_so_told(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.capture_input_output: false`: on no span, in the names of any convention, in no preview or message."""

    def handler() -> dict[str, str]:
        with mlflow.start_span("mlflow", attributes={"mlflow.chat.messages": [{"content": SAID}]}) as opened:
            opened.set_inputs(SAID)
            opened.set_outputs(SAID)
        conventions = {
            "gen_ai.input.messages": SAID,
            "gen_ai.prompt.0.content": SAID,
            "input.value": SAID,
            "llm.output_messages.0.message.content": SAID,
            "retrieval.documents.0.document.content": SAID,
            "traceloop.entity.input": SAID,
            "gen_ai.tool.call.arguments": SAID,
        }
        with raw("raw") as other:
            other.set_attributes(conventions)
            other.add_event("new token", {"token": SAID})
        mlflow.update_current_trace(request_preview=SAID, response_preview=SAID)
        raise ValueError(SAID)

    trace = served(traces, instrument, handler, f"GET /?q={SAID.replace(' ', '+')}", capture_input_output=False)
    assert SAID not in everything(trace)
    assert "what+was+said" not in everything(trace)


def test_without_inputs_and_outputs_the_rest_still_arrives(traces: CapturedTraces, instrument: Instrument) -> None:
    """Who wants no content still wants to see where time and tokens went."""

    def handler() -> None:
        with mlflow.start_span("model", span_type="CHAT_MODEL", attributes={"mlflow.llm.model": "small"}) as opened:
            opened.set_outputs(SAID)

    model = spans_of(served(traces, instrument, handler, capture_input_output=False))["model"]
    assert model.outputs is None
    assert (model.span_type, model.attributes["mlflow.llm.model"]) == ("CHAT_MODEL", "small")


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("mlflow.chat.tools", False),
        ("invocation_params", False),
        ("gen_ai.request.temperature", False),
        ("gen_ai.tool.definitions", False),
        ("llm.invocation_parameters", False),
        ("gen_ai.request.model", True),
        ("mlflow.llm.model", True),
        ("gen_ai.usage.input_tokens", True),
    ],
)
def test_model_configuration_stays_here_if_so_told(
    traces: CapturedTraces, instrument: Instrument, name: str, leaves: bool
) -> None:
    """`tracing.capture_model_config: false`: parameters and tool schemas, not the model's name or its tokens."""

    def handler() -> None:
        with raw("model") as opened:
            opened.set_attribute(name, "configured")

    model = spans_of(served(traces, instrument, handler, capture_model_config=False))["model"]
    assert (name in model.attributes) == leaves


def test_model_configuration_arrives_otherwise(traces: CapturedTraces, instrument: Instrument) -> None:
    """It is what people look for."""

    def handler() -> None:
        with raw("model") as opened:
            opened.set_attribute("gen_ai.request.temperature", 0.5)

    assert spans_of(served(traces, instrument, handler))["model"].attributes["gen_ai.request.temperature"] == 0.5


def test_attributes_of_events_that_are_no_text_arrive(traces: CapturedTraces) -> None:
    """Redaction looks at texts, and leaves numbers as they are."""
    with raw("work") as work:
        work.add_event("counted", {"rows": 7, "done": True, "what": "things"})
    (event,) = spans_of(traces[0])["work"].events
    assert event.attributes == {"rows": 7, "done": True, "what": "things"}


def test_an_error_s_message_is_redacted(traces: CapturedTraces) -> None:
    """Messages quote what they were given."""
    with suppress(ValueError), trace_api.get_tracer("a.library").start_as_current_span("work"):
        raise ValueError(f"cannot log in with password={SECRET}")
    assert SECRET not in everything(traces[0])


def test_user_code_s_tags_are_redacted(traces: CapturedTraces) -> None:
    """A tag is content too."""
    with span("work"):
        mlflow.update_current_trace(tags={"said": f"password={SECRET}"})
    assert SECRET not in everything(traces[0])


@pytest.mark.parametrize("answer", [7, 0.5, True, None, "text", "7", "null", '{"a": 1}', {"a": [1]}, [], ""])
def test_an_answer_is_what_it_was(traces: CapturedTraces, instrument: Instrument, answer: Any) -> None:
    """A number stays a number, and a text that looks like one a text."""
    root = spans_of(served(traces, instrument, lambda: answer))["GET /"]
    assert root.outputs == answer
