"""Outgoing calls say which MLflow trace they belong to, through whatever propagator the application has."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import baggage, propagate
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanContext, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.spans.caller_key import CallerKey
from otel_mlflow.spans.propagation import MLFLOW_PROPAGATOR, MlflowSpanContext, read_mlflow_span_context
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import raw
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.callers import KEY
from tests.unit.spans.test_trace import start, state_of


def injected() -> dict[str, str]:
    """The headers of an outgoing call made here and now."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def ids(span: trace_api.Span) -> str:
    """How `tracestate` names a span."""
    assert isinstance(span, Span)
    return f"{state_of(span).trace.identity.mlflow_trace_id_int:032x}-{state_of(span).span_id:016x}"


def remote(state: str) -> SpanContext:
    """A caller that sent this `tracestate`."""
    return SpanContext(1, 2, True, TraceFlags(1), TraceState.from_header([state]))


def test_outgoing_calls_name_the_trace_and_the_span(traces: CapturedTraces) -> None:
    """In `tracestate`, beside what OpenTelemetry says in `traceparent`."""
    with raw("request") as request:
        headers = injected()
        assert headers["tracestate"] == f"otelmlflow={ids(request)}"
        assert headers["traceparent"].split("-")[2] == f"{request.get_span_context().span_id:016x}"


def test_baggage_travels_along(traces: CapturedTraces) -> None:
    """It is the global propagator's, and stays so."""
    token = context_api.attach(baggage.set_baggage("user", "me"))
    with raw("request"):
        assert injected()["baggage"] == "user=me"
    context_api.detach(token)


def test_other_entries_of_tracestate_are_passed_on(traces: CapturedTraces) -> None:
    """W3C Trace Context, section 3.3: ours comes first, theirs stay."""
    caller = SpanContext(1, 2, True, TraceFlags(1), TraceState([("vendor", "theirs"), ("otelmlflow", "0-0")]))
    context = trace_api.set_span_in_context(trace_api.NonRecordingSpan(caller))
    request = trace_api.get_tracer("a.library").start_span("request", context=context)
    with trace_api.use_span(request, end_on_exit=True):
        assert injected()["tracestate"] == f"otelmlflow={ids(request)},vendor=theirs"


def test_a_full_tracestate_still_takes_ours(traces: CapturedTraces) -> None:
    """It holds 32 entries at most; the last one gives way."""
    caller = SpanContext(1, 2, True, TraceFlags(1), TraceState([(f"vendor{number}", "x") for number in range(32)]))
    context = trace_api.set_span_in_context(trace_api.NonRecordingSpan(caller))
    request = trace_api.get_tracer("a.library").start_span("request", context=context)
    with trace_api.use_span(request, end_on_exit=True):
        assert injected()["tracestate"].split(",")[0] == f"otelmlflow={ids(request)}"


def test_a_framework_span_is_not_named_for_mlflow_will_not_see_it(traces: CapturedTraces) -> None:
    """The innermost span that MLflow holds is."""
    with raw("request") as request, trace_api.get_tracer("fastapi").start_as_current_span("fastapi.endpoint"):
        assert injected()["tracestate"] == f"otelmlflow={ids(request)}"


def test_a_discarded_trace_is_not_named(traces: CapturedTraces) -> None:
    """What is put under it would be an orphan."""
    with raw("request") as request:
        assert isinstance(request, Span)
        state_of(request).trace.discard()
        assert "tracestate" not in injected()


def test_outside_all_spans_nothing_is_said(traces: CapturedTraces) -> None:
    """As OpenTelemetry has it."""
    assert injected() == {}


def test_a_context_given_to_inject_decides(traces: CapturedTraces) -> None:
    """HTTP client instrumentations inject the context of their own span."""
    client = start("GET elsewhere")
    headers: dict[str, str] = {}
    with raw("request"):
        propagate.inject(headers, trace_api.set_span_in_context(client))
    assert headers["tracestate"] == f"otelmlflow={ids(client)}"


@pytest.mark.parametrize(
    ("state", "origin"),
    [
        (f"otelmlflow={7:032x}-{9:016x}", MlflowSpanContext(7, 9)),
        (f"vendor=x,otelmlflow={7:032x}-{9:016x}", MlflowSpanContext(7, 9)),
        ("vendor=x", None),
        ("otelmlflow=7-9", None),
        (f"otelmlflow={7:032x}-{9:016x}-01", None),
        (f"otelmlflow={7:032x}-{9:016x}-{1:08x}-{2:032x}", MlflowSpanContext(7, 9, f"{1:08x}-{2:032x}")),
        (f"otelmlflow={'g' * 32}-{9:016x}", None),
        ("", None),
    ],
)
def test_a_caller_is_understood_or_not(state: str, origin: MlflowSpanContext | None) -> None:
    """What is not exactly ours is nobody's."""
    assert read_mlflow_span_context(remote(state)) == origin


def test_reading_is_left_to_the_w3c_propagator() -> None:
    """Ours finds nothing that it does not find."""
    context = context_api.Context({"a": 1})
    assert MLFLOW_PROPAGATOR.extract({"tracestate": f"otelmlflow={7:032x}-{9:016x}"}, context) is context
    assert MLFLOW_PROPAGATOR.extract({}) == {}
    assert MLFLOW_PROPAGATOR.fields == {"tracestate"}


def test_the_application_s_propagator_is_kept(fresh_process: None) -> None:
    """Ours stands behind it, once, and goes when tracing is taken down."""
    theirs = TraceContextTextMapPropagator()
    propagate.set_global_textmap(theirs)
    one, other = Tracing(), Tracing()
    assert propagate.get_global_textmap().fields == theirs.fields
    one.shutdown()
    other.shutdown()
    assert propagate.get_global_textmap() is theirs


def test_the_application_s_propagator_is_found_in_the_global_place(fresh_process: None) -> None:
    """Logfire looks whether it is its own, and takes it apart."""

    class Wrapping(TraceContextTextMapPropagator):
        wrapped = TraceContextTextMapPropagator()

    propagate.set_global_textmap(Wrapping())
    tracing = Tracing(Settings())
    found: Any = propagate.get_global_textmap()
    assert isinstance(found, Wrapping)
    assert found.wrapped is Wrapping.wrapped
    tracing.shutdown()


def test_a_propagator_that_the_application_sets_later_is_the_application_s(fresh_process: None) -> None:
    """Taking tracing down does not bring the old one back."""
    tracing = Tracing()
    theirs = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
    propagate.set_global_textmap(theirs)
    tracing.shutdown()
    assert propagate.get_global_textmap() is theirs


def test_with_a_key_outgoing_calls_are_signed(traces: CapturedTraces) -> None:
    """For the experiment that the trace is in."""
    tracing = Tracing(Settings(experiment_name="agent", tracing={"caller_key": KEY}))
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        name = f"otelmlflow={ids(trace_api.get_current_span())}"
        told.extend(injected()["tracestate"].partition(name))
        told.append(name.removeprefix("otelmlflow="))
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    tracing.shutdown()
    assert CallerKey(KEY).vouches_for(told[3], told[2][1:], ("agent",))
