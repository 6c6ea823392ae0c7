"""The rule of parents of `otel_mlflow/spans/current.py`: a test, or more, for each of its numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import copy_context
from typing import Any

import pytest
from langchain_core.tools import tool
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_mlflow import TracingMiddleware
from otel_mlflow.spans import enclosing
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.tracing import Tracing
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown

ELSEWHERE = {"traceparent": f"00-{7:032x}-{9:016x}-01"}

OTHER_PROVIDER = TracerProvider()


def foreign() -> AbstractContextManager[trace_api.Span]:
    """A span of a tracer provider that we know nothing of, made current."""
    return OTHER_PROVIDER.get_tracer("theirs").start_as_current_span("theirs")


def non_recording() -> AbstractContextManager[trace_api.Span]:
    """A span that records nothing, made current, as LangSmith does."""
    return trace_api.use_span(NonRecordingSpan(SpanContext(5, 7, is_remote=False, trace_flags=TraceFlags(1))))


def without_ids() -> AbstractContextManager[trace_api.Span]:
    """A span that has not even ids."""
    nothing: Any = None
    return trace_api.use_span(NonRecordingSpan(nothing))


class _Proxy:
    """A library's own kind of span, round one of another provider."""

    def __init__(self, inner: trace_api.Span) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


FOREIGN = [foreign, non_recording, without_ids]


def test_rule_1_the_current_span(traces: CapturedTraces) -> None:
    """Whichever library opened it."""
    with span("a"), raw("b"), span("c"):
        pass
    assert shown(traces) == drawn("a > b > c")


def test_rule_2_a_thread_with_opentelemetry_s_context_alone_is_inside_the_run(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """As threads are that `ThreadingInstrumentor` starts, and whoever attaches a context in a worker."""

    @tool
    def search(query: str) -> str:
        """Search."""
        context = context_api.get_current()

        def work() -> None:
            context_api.attach(context)
            with span("in thread"):
                pass

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return query

    app = app_of(lambda: search.invoke({"query": "x"}))
    instrument(app)
    Call(app).run()
    assert shown(traces) == drawn("GET / > search > in thread")


def test_rule_3_the_span_round_the_body_of_a_generator(traces: CapturedTraces) -> None:
    """Also in a step whose context has never seen that span."""

    def steps() -> Iterator[int]:
        with span("body"):
            yield 1
            with raw("second step"):
                pass

    with span("request"):
        generator = steps()
        while copy_context().run(next, generator, None) is not None:
            pass
    assert shown(traces) == drawn("request > body > second step")


@pytest.mark.parametrize("between", FOREIGN)
def test_rule_4_the_span_round_one_that_is_none_of_ours(
    traces: CapturedTraces, between: Callable[[], AbstractContextManager[trace_api.Span]]
) -> None:
    """However many of those there are, and through them all."""
    with span("a"), between():
        with span("b"), between(), between(), raw("c"):
            pass
        with span("d"):
            pass
    assert shown(traces) == drawn("a > [b > c, d]")


def test_rule_4_a_span_that_is_current_elsewhere_keeps_what_is_round_it(traces: CapturedTraces) -> None:
    """A context that was taken under a foreign span, and is attached where another span of ours is current."""
    with span("request"):
        with span("a"), non_recording():
            taken = context_api.get_current()
        with span("b"):
            token = context_api.attach(taken)
            with span("c"):
                pass
            context_api.detach(token)
    assert shown(traces) == drawn("request > [a > c, b]")


def test_rule_5_the_span_that_a_foreign_one_was_started_under(traces: CapturedTraces) -> None:
    """Where the context that names the foreign span was never attached."""
    with span("request"), span("a"):
        theirs = OTHER_PROVIDER.get_tracer("theirs").start_span("theirs")
        context = trace_api.set_span_in_context(theirs)
        trace_api.get_tracer("a.library").start_span("b", context=context).end()
    assert shown(traces) == drawn("request > a > b")


def test_rule_6_the_request_s_root(traces: CapturedTraces, tracing: Tracing) -> None:
    """Where a span stands in the way that says nothing of what it was started under."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        theirs: Any = _Proxy(NonRecordingSpan(SpanContext(5, 7, is_remote=False)))
        context = trace_api.set_span_in_context(theirs)
        trace_api.get_tracer("a.library").start_span("work", context=context).end()
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET > work")


def test_rule_7_a_stranger_s_span_is_no_parent_inside_a_request(traces: CapturedTraces, tracing: Tracing) -> None:
    """As in a tool server that reads `traceparent` from `_meta`, whatever its sampled flag is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("session"):
            for flag in ("01", "00"):
                carrier = {"traceparent": ELSEWHERE["traceparent"][:-2] + flag}
                remote = TraceContextTextMapPropagator().extract(carrier)
                with trace_api.get_tracer("mcp").start_as_current_span(f"call {flag}", context=remote), span("tool"):
                    pass
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET > session > [call 01 > tool, call 00 > tool]")


def test_rule_7_a_context_from_headers_that_is_attached_in_a_request(traces: CapturedTraces, tracing: Tracing) -> None:
    """It has nothing in it but the stranger's span: what was current where it was attached counts (Logfire does it)."""

    def handler() -> None:
        with span("around"):
            token = context_api.attach(TraceContextTextMapPropagator().extract(ELSEWHERE))
            with raw("log"):
                pass
            context_api.detach(token)

    Call(TracingMiddleware(app_of(handler), tracing=tracing), "GET /").run()
    assert shown(traces) == drawn("GET / > around > log")


def test_rule_8_outside_of_a_request_a_trace_begins(traces: CapturedTraces) -> None:
    """Also below a span that is none of ours."""
    with non_recording(), span("a"):
        pass
    with foreign(), span("b"):
        pass
    assert shown(traces) == drawn("a", "b")


@pytest.mark.parametrize("between", FOREIGN)
def test_rule_8_an_excluded_request_has_no_trace(
    traces: CapturedTraces, tracing: Tracing, between: Callable[[], AbstractContextManager[trace_api.Span]]
) -> None:
    """Whatever is current in it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with between(), span("work"):
            pass
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing), "GET /health").run()
    assert len(traces) == 0


def test_opentelemetry_has_its_own_runtime_context_back_when_tracing_is_taken_down(fresh_process: None) -> None:
    """Nothing of ours stays in the way of `attach`."""
    before = enclosing.context_module._RUNTIME_CONTEXT
    Tracing().shutdown()
    assert enclosing.context_module._RUNTIME_CONTEXT is before


def test_private_every_attach_goes_through_the_runtime_context(traces: CapturedTraces) -> None:
    """`opentelemetry.context._RUNTIME_CONTEXT`: `attach` looks it up at each call, whoever imported that before."""
    attach, detach = context_api.attach, context_api.detach
    with span("a"):
        token = attach(trace_api.set_span_in_context(NonRecordingSpan(SpanContext(5, 7, is_remote=False))))
        with span("b"):
            pass
        detach(token)
    assert shown(traces) == drawn("a > b")
