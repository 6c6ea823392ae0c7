"""What a caller's `traceparent` means for the request's span, and for its MLflow trace."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mlflow.entities import Span, Trace, TraceState
from opentelemetry import baggage, propagate
from opentelemetry import trace as trace_api
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator, default_getter, default_setter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.delivery.destinations import DEFAULT_EXPERIMENT
from otel_mlflow.guard import GUARD
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.callers import KEY, NOT_SAMPLED, OTHER_KEY, SAMPLED, SPAN, TRACE, SignedHeaders, signed
from tests.unit.conftest import Instrument
from tests.unit.trees import shown, spans_of

MLFLOW = SignedHeaders()
needs_links = pytest.mark.skipif(not hasattr(Span, "links"), reason="the installed MLflow reads no links")
MALFORMED = [
    {"traceparent": "00-xyz-01"},
    {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
    {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
    {"traceparent": ""},
    {"tracestate": f"otelmlflow={TRACE}-{SPAN}"},
]


def served(traces: CapturedTraces, headers: Mapping[str, str], **tracing: Any) -> Trace:
    """The trace of one request with these headers."""
    made = Tracing(Settings(tracing={"caller_key": KEY, **tracing}))
    middleware = TracingMiddleware(empty_answer, tracing=made)
    Call(middleware, headers=headers).run()
    made.shutdown()
    return traces[-1]


def root_of(trace: Trace) -> Span:
    """The span of the request."""
    return spans_of(trace)["GET"]


def test_without_a_caller_the_mlflow_trace_has_opentelemetry_s_id(traces: CapturedTraces) -> None:
    """One id to search for, wherever one looks."""
    trace = served(traces, {})
    assert trace.info.tags["otel.trace_id"] == trace.info.trace_id.removeprefix("tr-")
    assert root_of(trace).parent_id is None


@pytest.mark.parametrize("caller", [SAMPLED, NOT_SAMPLED], ids=["sampled", "not sampled"])
def test_an_unknown_caller_s_request_is_an_mlflow_trace_of_its_own(
    traces: CapturedTraces, caller: dict[str, str]
) -> None:
    """Whole, with the HTTP span as its root; a tag leads to the caller's. A gateway's `-00` makes nothing vanish."""
    trace = served(traces, caller)
    assert root_of(trace).parent_id is None
    assert trace.info.trace_id != f"tr-{TRACE}"
    assert trace.info.tags["otel.trace_id"] == TRACE
    assert trace.info.state == TraceState.OK


def test_requests_of_one_trace_id_are_traces_of_their_own(traces: CapturedTraces) -> None:
    """A browser page, a gateway's retries."""
    ids = {served(traces, SAMPLED).info.trace_id for _ in range(3)}
    assert len(ids) == 3


def test_a_caller_that_traces_into_mlflow_gets_our_spans_under_its_own(traces: CapturedTraces) -> None:
    """In its trace."""
    trace = served(traces, MLFLOW)
    assert trace.info.trace_id == f"tr-{TRACE}"
    assert root_of(trace).parent_id == SPAN


def test_a_service_in_between_that_knows_nothing_of_mlflow_does_not_break_the_trace(traces: CapturedTraces) -> None:
    """It continues the OpenTelemetry trace with a span of its own, and passes `tracestate` on unchanged."""
    trace = served(traces, {**MLFLOW, "traceparent": f"00-{TRACE}-{5:016x}-01"})
    assert trace.info.trace_id == f"tr-{TRACE}"
    assert root_of(trace).parent_id == SPAN


def test_a_caller_whose_mlflow_trace_has_another_id_is_followed_into_it(traces: CapturedTraces) -> None:
    """Its own caller was unknown, so its MLflow trace is not called after the OpenTelemetry trace."""
    trace = served(traces, {**SAMPLED, "tracestate": f"vendor=x,{signed(f'{3:032x}-{4:016x}')}"})
    assert trace.info.trace_id == f"tr-{3:032x}"
    assert root_of(trace).parent_id == f"{4:016x}"
    assert root_of(trace).trace_id == trace.info.trace_id


def test_the_flag_of_a_caller_that_traces_into_mlflow_decides(traces: CapturedTraces) -> None:
    """It has sampled for all of us."""
    tracing = Tracing(Settings(tracing={"caller_key": KEY}))
    middleware = TracingMiddleware(empty_answer, tracing=tracing)
    call = Call(middleware, headers={**MLFLOW, **NOT_SAMPLED}).run()
    tracing.shutdown()
    assert len(traces) == 0
    assert call.status == 200


@pytest.mark.parametrize("headers", MALFORMED)
def test_a_malformed_header_is_no_caller(traces: CapturedTraces, headers: dict[str, str]) -> None:
    """As if it had not been sent."""
    trace = served(traces, headers)
    assert root_of(trace).parent_id is None
    assert trace.info.tags["otel.trace_id"] == trace.info.trace_id.removeprefix("tr-")


@needs_links
@pytest.mark.parametrize("caller", [SAMPLED, NOT_SAMPLED, MLFLOW], ids=["sampled", "not sampled", "into MLflow"])
def test_link_makes_a_new_trace_with_a_link_to_the_caller(traces: CapturedTraces, caller: dict[str, str]) -> None:
    """`tracing.incoming: link`, in MLflow and in OpenTelemetry."""
    trace = served(traces, caller, incoming="link")
    assert trace.info.tags["otel.trace_id"] == trace.info.trace_id.removeprefix("tr-") != TRACE
    (link,) = root_of(trace).links
    assert (link.trace_id, link.span_id) == (f"tr-{TRACE}", SPAN)
    assert root_of(trace).parent_id is None


@needs_links
@pytest.mark.parametrize("caller", [SAMPLED, NOT_SAMPLED, MLFLOW], ids=["sampled", "not sampled", "into MLflow"])
def test_ignore_makes_a_new_trace(traces: CapturedTraces, caller: dict[str, str]) -> None:
    """`tracing.incoming: ignore`."""
    trace = served(traces, caller, incoming="ignore")
    assert trace.info.tags["otel.trace_id"] == trace.info.trace_id.removeprefix("tr-") != TRACE
    assert root_of(trace).links == []


@needs_links
@pytest.mark.parametrize(("incoming", "links"), [("link", 1), ("ignore", 0)])
@pytest.mark.parametrize("caller", [SAMPLED, MLFLOW], ids=["unknown", "into MLflow"])
def test_a_server_span_that_fastapi_has_opened_is_set_apart_too(
    fresh_process: None, instrument: Instrument, caller: dict[str, str], incoming: str, links: int
) -> None:
    """In OpenTelemetry it stays in the caller's trace, for it is FastAPI's; in MLflow it is a trace of its own."""
    trace_api.set_tracer_provider(TracerProvider())
    app = app_of(lambda: None)
    instrument(app, tracing={"incoming": incoming})
    with capture() as traces:
        Call(app, headers=caller).run()
    (trace,) = traces
    (root,) = trace.data.spans
    assert trace.info.trace_id != f"tr-{TRACE}"
    assert root.parent_id is None
    assert len(root.links) == links


def test_in_opentelemetry_the_caller_s_trace_is_continued(fresh_process: None) -> None:
    """Whatever is made of it in MLflow; what is opened in the request counts as sampled."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_api.set_tracer_provider(provider)
    with capture() as traces:
        served(traces, NOT_SAMPLED)
    (server,) = exporter.get_finished_spans()
    context = server.get_span_context()
    assert context is not None
    assert server.parent is not None
    assert (server.kind, f"{context.trace_id:032x}", f"{server.parent.span_id:016x}") == (SpanKind.SERVER, TRACE, SPAN)
    assert context.trace_flags.sampled


def headers_sent(handler: Callable[[dict[str, str]], None], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a call that a request with these headers makes in its turn."""
    sent: dict[str, str] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        handler(sent)
        await empty_answer(scope, receive, send)

    tracing = Tracing(Settings())
    Call(TracingMiddleware(app, tracing=tracing), headers=headers).run()
    tracing.shutdown()
    return sent


def test_outgoing_calls_carry_the_trace_and_the_caller_s_baggage(traces: CapturedTraces) -> None:
    """`traceparent`, `tracestate` and `baggage`, through the global propagator."""
    sent = headers_sent(propagate.inject, {**SAMPLED, "tracestate": "vendor=x", "baggage": "user=me"})
    (trace,) = traces
    root = root_of(trace).span_id
    assert sent["traceparent"] == f"00-{TRACE}-{root}-01"
    assert sent["tracestate"] == f"otelmlflow={trace.info.trace_id.removeprefix('tr-')}-{root},vendor=x"
    assert sent["baggage"] == "user=me"


def test_two_services_make_one_tree(traces: CapturedTraces) -> None:
    """Each through its own middleware, with nothing between them but headers, and one key."""
    tracing = Tracing(Settings(tracing={"caller_key": KEY}))

    async def second(scope: Any, receive: Any, send: Any) -> None:
        with span("in second"):
            await empty_answer(scope, receive, send)

    async def first(scope: Any, receive: Any, send: Any) -> None:
        with raw("calling"):
            headers: dict[str, str] = {}
            propagate.inject(headers)
        await asyncio.create_task(Call(TracingMiddleware(second, tracing=tracing), "POST /", headers=headers).made())
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(first, tracing=tracing)).run()
    tracing.shutdown()
    assert shown(traces) == "GET\n    calling\n        POST\n            in second\n"


def test_a_caller_s_baggage_is_there_in_the_request(traces: CapturedTraces) -> None:
    """Also where its trace is ignored."""
    seen: list[object] = []
    headers_sent(lambda _: seen.append(baggage.get_baggage("user")), {"baggage": "user=me"})
    assert seen == ["me"]


class OwnHeader(TextMapPropagator):
    """An application's propagator with a header of its own, which holds a `traceparent`."""

    w3c = TraceContextTextMapPropagator()

    @override
    def extract(self, carrier: Any, context: Any = None, getter: Getter[Any] = default_getter) -> Any:
        values = getter.get(carrier, "x-own-trace") or [""]
        return self.w3c.extract({"traceparent": values[0]}, context)

    @override
    def inject(self, carrier: Any, context: Any = None, setter: Setter[Any] = default_setter) -> None:
        own: dict[str, str] = {}
        self.w3c.inject(own, context)
        setter.set(carrier, "x-own-trace", own["traceparent"])

    @override
    @property
    def fields(self) -> set[str]:
        return {"x-own-trace"}


@pytest.mark.parametrize("when", ["before", "afterwards"])
def test_the_application_s_propagator_reads_callers(fresh_process: None, when: str) -> None:
    """Set before us, or at any time after: its headers count, and W3C's do not."""
    tracing = None
    if when == "before":
        propagate.set_global_textmap(OwnHeader())
    tracing = Tracing(Settings())
    if when == "afterwards":
        propagate.set_global_textmap(OwnHeader())
    with capture() as traces:
        Call(TracingMiddleware(empty_answer, tracing=tracing), headers={"x-own-trace": SAMPLED["traceparent"]}).run()
        Call(TracingMiddleware(empty_answer, tracing=tracing), headers=SAMPLED).run()
    tracing.shutdown()
    one, other = traces
    assert one.info.tags["otel.trace_id"] == TRACE
    assert other.info.tags["otel.trace_id"] != TRACE


def test_the_application_s_propagator_writes_outgoing_headers(traces: CapturedTraces) -> None:
    """And ours adds which MLflow trace it is, from the next request on where it was replaced."""

    def replace(sent: dict[str, str]) -> None:
        propagate.set_global_textmap(OwnHeader())

    headers_sent(replace, {})
    sent = headers_sent(propagate.inject, {})
    assert sent["x-own-trace"].split("-")[1] == traces[-1].info.trace_id.removeprefix("tr-")
    assert "traceparent" not in sent
    assert sent["tracestate"].startswith("otelmlflow=")


CLAIM = f"{TRACE}-{SPAN}"
NOT_BELIEVED = {
    "unsigned": f"otelmlflow={CLAIM}",
    "another key": signed(key=OTHER_KEY),
    "another span": signed(f"{TRACE}-{8:016x}").replace(f"{8:016x}", SPAN),
    "another trace": signed(f"{6:032x}-{SPAN}").replace(f"{6:032x}", TRACE),
    "another experiment": signed(experiment="/Users/ada@example.com/agent"),
    "another time": signed().replace(signed().split("-")[2], f"{int(time.time()) + 1:x}"),
    "cut": signed()[:-1],
    "longer": signed() + "0",
    "not hexadecimal": f"otelmlflow={CLAIM}-{'z' * 8}-{'0' * 32}",
}


@pytest.mark.parametrize("state", NOT_BELIEVED.values(), ids=NOT_BELIEVED.keys())
@pytest.mark.parametrize("flag", [SAMPLED, NOT_SAMPLED], ids=["sampled", "not sampled"])
def test_whoever_is_not_believed_gets_a_trace_of_its_own(
    traces: CapturedTraces, state: str, flag: dict[str, str]
) -> None:
    """Whole and kept, whatever the flag: it neither joins a trace of ours nor makes a request vanish."""
    trace = served(traces, {**flag, "tracestate": state})
    assert root_of(trace).parent_id is None
    assert (trace.info.state, trace.info.tags["otel.trace_id"]) == (TraceState.OK, TRACE)
    assert trace.info.trace_id != f"tr-{TRACE}"


@needs_links
def test_whoever_says_that_it_traces_into_mlflow_and_is_not_believed_is_linked_to(traces: CapturedTraces) -> None:
    """A person can follow it; nothing else comes of it."""
    trace = served(traces, {**SAMPLED, "tracestate": f"otelmlflow={CLAIM}"})
    assert [(link.trace_id, link.span_id) for link in root_of(trace).links] == [(f"tr-{TRACE}", SPAN)]


def test_without_a_key_nobody_is_believed(traces: CapturedTraces, caplog: pytest.LogCaptureFixture) -> None:
    """Also not one that has signed with nothing; it is said once what would join the two."""
    caplog.set_level("INFO", logger="otel_mlflow")
    tracing = Tracing(Settings())
    for _ in range(2):
        Call(TracingMiddleware(empty_answer, tracing=tracing), headers=MLFLOW).run()
    middleware = TracingMiddleware(empty_answer, tracing=tracing)
    for _ in range(2):
        Call(middleware, headers=MLFLOW).run()
    tracing.shutdown()
    assert [root_of(trace).parent_id for trace in traces] == [None] * 4
    assert "tracing.caller_key" in caplog.text


@pytest.mark.parametrize("fails", [False, True])
def test_a_trace_that_its_caller_has_dropped_is_kept_for_an_error_alone(traces: CapturedTraces, fails: bool) -> None:
    """As one of its own, for there is nothing that it could hang under."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await empty_answer(scope, receive, send)
        if fails:
            raise ValueError("seven")

    tracing = Tracing(Settings(tracing={"caller_key": KEY}))
    call = Call(TracingMiddleware(app, tracing=tracing), headers={**MLFLOW, **NOT_SAMPLED})
    with contextlib.suppress(ValueError):
        call.run()
    tracing.shutdown()
    assert [(trace.info.trace_id == f"tr-{TRACE}", root_of(trace).parent_id) for trace in traces] == (
        [(False, None)] if fails else []
    )


@pytest.mark.parametrize("theirs", ["/Users/ada@example.com/agent", "/Users/bob@example.com/agent"])
def test_a_trace_is_joined_in_the_experiment_that_the_request_writes_to(traces: CapturedTraces, theirs: str) -> None:
    """Where user code chooses it for each request, that is the one."""
    ours = "/Users/ada@example.com/agent"
    tracing = Tracing(Settings(tracing={"caller_key": KEY}), experiment_for=lambda scope: ours)
    headers = {**SAMPLED, "tracestate": signed(experiment=theirs)}
    Call(TracingMiddleware(empty_answer, tracing=tracing), headers=headers).run()
    tracing.shutdown()
    assert (traces[0].info.trace_id == f"tr-{TRACE}") == (theirs == ours)


@needs_links
@pytest.mark.parametrize("believed", [True, False])
def test_a_server_span_that_fastapi_has_opened_is_believed_by_the_same_rule(
    fresh_process: None, instrument: Instrument, believed: bool
) -> None:
    """It is opened outside of our middleware, from the same headers."""
    trace_api.set_tracer_provider(TracerProvider())
    app = app_of(lambda: None)
    instrument(app, experiment_name=DEFAULT_EXPERIMENT, tracing={"caller_key": KEY})
    with capture() as traces:
        state = signed(key=KEY if believed else OTHER_KEY)
        Call(app, headers={**(SAMPLED if believed else NOT_SAMPLED), "tracestate": state}).run()
    (trace,) = traces
    (root,) = trace.data.spans
    assert (trace.info.trace_id == f"tr-{TRACE}", root.parent_id, len(root.links)) == (
        (True, SPAN, 0) if believed else (False, None, 1)
    )


def test_a_caller_s_propagator_that_fails_costs_the_caller_only(
    fresh_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some do, on headers that they do not like."""

    class Failing(OwnHeader):
        @override
        def extract(self, carrier: Any, context: Any = None, getter: Getter[Any] = default_getter) -> Any:
            raise ValueError("what a header")

    monkeypatch.setattr(GUARD, "strict", False)
    propagate.set_global_textmap(Failing())
    tracing = Tracing(Settings())
    with capture() as traces:
        Call(TracingMiddleware(empty_answer, tracing=tracing), headers={"x-own-trace": "x"}).run()
    tracing.shutdown()
    assert len(traces) == 1
