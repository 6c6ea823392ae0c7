"""Which attributes hold content, and which a model's configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.trace import Link, SpanContext, TraceFlags, get_tracer

from otel_mlflow import current_trace
from otel_mlflow.content import REDACTED
from otel_mlflow.spans.records.conventions import holds_content, is_model_config, without_parameters
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import spans_of

SECRET = "hunter2"


@pytest.mark.parametrize(
    "key",
    [
        *("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.messages", "metadata", "prompt", "instructions"),
        *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.prompt.0.content"),
        *(
            "gen_ai.completion.0.content",
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.call.result",
            "gen_ai.anything.new",
        ),
        *("input.value", "output.value", "llm.input_messages.0.message.content", "llm.prompts.0", "llm.completions"),
        *("llm.prompt_template.variables", "retrieval.documents.0.document.content", "reranker.query"),
        *("embedding.embeddings.0.embedding.text", "tool.output", "traceloop.entity.input", "traceloop.entity.output"),
        *(
            "traceloop.association.properties.question",
            "ai.prompt",
            "ai.response.text",
            "ai.toolCall.args",
            "lk.chat_ctx",
        ),
        *("langfuse.observation.input", "lmnr.span.output", "agent.messages", "llm.messages", "input", "output"),
        *("gcp.vertex.agent.llm_request", "url.full", "url.path", "url.query", "http.url", "http.target"),
        *("db.statement", "db.query.text", "db.query.parameter.name", "user_prompt", "system_prompt", "query"),
    ],
)
def test_content(key: str) -> None:
    """In the names of each convention, known ones and ones to come."""
    assert holds_content(key, "said")


@pytest.mark.parametrize(
    "key",
    [
        *("mlflow.spanType", "mlflow.llm.model", "mlflow.chat.tokenUsage", "mlflow.llm.cost", "mlflow.chat.tools"),
        *("gen_ai.request.model", "gen_ai.response.model", "gen_ai.usage.input_tokens", "gen_ai.operation.name"),
        *("gen_ai.provider.name", "gen_ai.system", "gen_ai.response.finish_reasons", "gen_ai.tool.name"),
        *("gen_ai.request.temperature", "gen_ai.agent.name", "gen_ai.conversation.id", "gen_ai.tool.call.id"),
        *("llm.model_name", "llm.token_count.prompt", "llm.token_count.completion", "llm.usage.total_tokens"),
        *("openinference.span.kind", "traceloop.span.kind", "traceloop.entity.name", "ai.operationId", "ai.model.id"),
        *("ai.usage.promptTokens", "http.request.method", "http.route", "db.system.name", "db.collection.name"),
        *("server.address", "code.function.name", "session.id", "user.id", "otel_mlflow.outcome", "batch_size"),
    ],
)
def test_no_content(key: str) -> None:
    """What a trace without content is still good for."""
    assert not holds_content(key, '{"a": 1}' if key.startswith("mlflow.") else "said")


@pytest.mark.parametrize("value", ['{"anything": 1}', "[1]", ' ["x"]'])
def test_structured_values_under_unknown_names_are_content(value: str) -> None:
    """Autologging has names of its own, and what it puts there is what it was given."""
    assert holds_content("state_of_agent", value)
    assert not holds_content("invocation_params", value)


@pytest.mark.parametrize(
    "key",
    [
        *("mlflow.chat.tools", "invocation_params", "options", "model_dict", "gen_ai.request.top_p"),
        *("gen_ai.tool.definitions", "llm.invocation_parameters", "llm.tools.0.tool.json_schema", "tool.parameters"),
        *("ai.settings.maxRetries", "langfuse.observation.model.parameters", "llm.request.functions.0.name"),
    ],
)
def test_model_config(key: str) -> None:
    """On any span."""
    assert is_model_config(key, of_model=False)


@pytest.mark.parametrize("key", ["temperature", "top_p", "max_tokens", "max_completion_tokens", "tools", "tool_choice"])
def test_bare_names_are_model_config_on_spans_of_models_only(key: str) -> None:
    """MLflow's autologging of OpenAI and others names attributes like arguments."""
    assert is_model_config(key, of_model=True)
    assert not is_model_config(key, of_model=False)


@pytest.mark.parametrize(
    "key", ["model", "messages", "input", "gen_ai.request.model", "llm.request.model_name", "user"]
)
def test_the_model_and_what_it_was_asked_are_no_configuration(key: str) -> None:
    """One wants to know which model it was."""
    assert not is_model_config(key, of_model=True)


@pytest.mark.parametrize("text", ["plain", "[1, 2]", "7", "{broken"])
def test_inputs_without_parameters_stay(text: str) -> None:
    """To the byte."""
    assert without_parameters(text) == text


def test_parameters_beside_the_question_are_stripped(traces: CapturedTraces, instrument: Instrument) -> None:
    """MLflow's autologging records a call's arguments as its inputs."""
    asked = {"model": "small", "messages": [{"content": "?"}], "temperature": 0.2, "tools": [{"name": "search"}]}

    def handler() -> None:
        with span("model") as opened:
            opened.set_span_type("CHAT_MODEL")
            opened.set_inputs(asked)
            opened.set_attributes({"temperature": 0.2, "model": "small"})
        with span("work") as opened:
            opened.set_inputs(asked)

    app = app_of(handler)
    instrument(app, tracing={"capture_model_config": False})
    Call(app).run()
    spans = spans_of(traces[0])
    assert spans["model"].inputs == {"model": "small", "messages": [{"content": "?"}]}
    assert (spans["model"].attributes["model"], "temperature" in spans["model"].attributes) == ("small", False)
    assert spans["work"].inputs == asked


def said_beside_attributes() -> None:
    """Open a span with secrets in its name, its events and its links."""
    elsewhere = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
    links = [Link(elsewhere, {"password": SECRET, "urls": (f"https://me:{SECRET}@host/", "/")})]
    with get_tracer("a.library").start_as_current_span(f"GET https://host/?token={SECRET}", links=links) as opened:
        opened.add_event("headers", {"cookie": (SECRET, "x"), "lines": (f"password={SECRET}", "y"), "retries": 3})


def test_names_events_and_links_are_redacted(traces: CapturedTraces, instrument: Instrument) -> None:
    """Lists of texts in them too."""
    app = app_of(said_beside_attributes)
    instrument(app)
    Call(app).run()
    assert SECRET not in str(traces[0].to_dict())
    (work,) = (found for found in traces[0].data.spans if found.parent_id)
    assert work.name == f"GET https://host/?token={REDACTED}"
    assert work.events[0].attributes == {"cookie": REDACTED, "lines": [f"password={REDACTED}", "y"], "retries": 3}


def test_without_content_events_say_nothing_but_numbers(traces: CapturedTraces, instrument: Instrument) -> None:
    """A log line is content, and so is a streamed chunk; of an exception its type remains."""

    def handler() -> None:
        with raw("work") as opened:
            opened.add_event("mlflow.chunk.item.0", {"chunk": "said", "all": ("said",), "rows": 7, "done": True})
            opened.record_exception(ValueError("said"))

    app = app_of(handler)
    instrument(app, tracing={"capture_input_output": False})
    Call(app).run()
    chunk, exception = spans_of(traces[0])["work"].events
    assert chunk.attributes == {"rows": 7, "done": True}
    assert exception.attributes == {"exception.type": "ValueError", "exception.escaped": "False"}


def test_the_words_of_a_model_are_no_secrets(traces: CapturedTraces) -> None:
    """LangChain calls them tokens, and streams them one by one."""
    with raw("model") as opened:
        opened.add_event("new_token", {"token": "Paris"})
        opened.add_event("login", {"token": "hunter2"})
    said = [event.attributes["token"] for event in spans_of(traces[0])["model"].events]
    assert said == ["Paris", REDACTED]


def test_tags_stay_where_content_may_not_leave(traces: CapturedTraces, instrument: Instrument) -> None:
    """They are what user code wants to find the trace by, whatever they are called."""

    def handler() -> None:
        current_trace().set_tags({"question": "kind 7", "metadata": json.dumps({"a": 1})})

    app = app_of(handler)
    instrument(app, tracing={"capture_input_output": False})
    Call(app).run()
    assert {"question": "kind 7", "metadata": '{"a": 1}'}.items() <= traces[0].info.tags.items()


@pytest.mark.parametrize(("method", "expected"), [("GET", "GET"), (f"Bearer-{SECRET}", "HTTP")])
def test_the_caller_s_words_in_tags_are_redacted(
    traces: CapturedTraces, instrument: Instrument, method: str, expected: Any
) -> None:
    """A request id may be anything."""
    app = app_of(lambda: None)
    instrument(app)
    Call(app, f"{method} /nowhere", headers={"x-request-id": f"https://me:{SECRET}@host"}).run()
    assert traces[0].info.tags["mlflow.traceName"] == expected
    assert traces[0].info.client_request_id == f"https://{REDACTED}@host"
