"""The processor takes each span into its trace, and knows what was cut short and what the framework opened."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

import mlflow
import pytest
from mlflow.entities import SpanStatusCode
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from otel_mlflow.guard import GUARD
from otel_mlflow.http.semconv import OUTCOME
from otel_mlflow.outside import OUTSIDE
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.registry import continue_in_child
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import raw, span
from tests.unit.spans.test_trace import open_states, start, state_of
from tests.unit.trees import drawn, shown, spans_of

REMOTE = SpanContext(7, 9, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def test_a_cancelled_span_says_so(traces: CapturedTraces) -> None:
    """A cancelled task is no success, and no failure of the application."""

    async def handler() -> None:
        async def job() -> None:
            with span("job"), raw("wait"):
                await asyncio.Event().wait()

        with span("request"):
            task = asyncio.create_task(job())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(handler())
    spans = spans_of(traces[0])
    for name in ("job", "wait"):
        assert spans[name].status.status_code == SpanStatusCode.ERROR
        assert spans[name].status.description == "cancelled"
        assert spans[name].attributes[OUTCOME] == "cancelled"
    assert spans["request"].status.status_code != SpanStatusCode.ERROR


def test_a_generator_that_nobody_reads_to_its_end_says_so(traces: CapturedTraces) -> None:
    """It is closed in the middle of its work."""

    def words() -> Iterator[str]:
        with span("words"):
            yield "one"
            yield "two"

    with span("request"):
        generator = words()
        next(generator)
        del generator
    words_span = spans_of(traces[0])["words"]
    assert words_span.status.description == "cut short: nobody read the generator to its end"
    assert words_span.attributes[OUTCOME] == "cancelled"


def test_a_span_inside_another_that_is_cut_short_is_not_if_it_had_ended(traces: CapturedTraces) -> None:
    """It did all of its work."""

    async def words() -> AsyncIterator[str]:
        with span("words"):
            with raw("whole"):
                pass
            yield "one"

    async def handler() -> None:
        with span("request"):
            generator = words()
            await anext(generator)
            await generator.aclose()  # type: ignore[attr-defined]

    asyncio.run(handler())
    assert shown(traces) == drawn("request > words! > whole")


def test_a_span_opened_while_cleaning_up_after_a_cancellation_is_not_cut_short(traces: CapturedTraces) -> None:
    """The exception was there before the span; the span itself does all of its work."""

    async def job() -> None:
        try:
            with span("work"):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            with span("clean up"):
                await asyncio.sleep(0)
            raise
        finally:
            with raw("close"):
                pass

    async def handler() -> None:
        with span("request"):
            task = asyncio.create_task(job())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(handler())
    assert shown(traces) == drawn("request > [work!, clean up, close]")


def test_a_clean_up_that_is_cancelled_in_its_turn_is_cut_short(traces: CapturedTraces) -> None:
    """By an exception that came after the span."""

    async def job() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with span("clean up"):
                await asyncio.Event().wait()

    async def handler() -> None:
        with span("request"):
            task = asyncio.create_task(job())
            for _ in range(2):
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.wait([task])

    asyncio.run(handler())
    assert shown(traces) == drawn("request > clean up!")


def test_an_exit_of_the_interpreter_cuts_short(traces: CapturedTraces) -> None:
    """What is no `Exception` is no failure of the application; the span names it."""
    with contextlib.suppress(SystemExit), span("request"):
        raise SystemExit
    assert spans_of(traces[0])["request"].status.description == "cut short: SystemExit"


def test_an_exception_is_a_failure_and_nothing_else(traces: CapturedTraces) -> None:
    """The span has it from OpenTelemetry, and is not called cut short."""
    with contextlib.suppress(ValueError), raw("request"):
        raise ValueError("seven")
    request = spans_of(traces[0])["request"]
    assert request.status.description == "ValueError: seven"
    assert OUTCOME not in request.attributes
    assert [event.name for event in request.events] == ["exception"]


def test_spans_know_their_mlflow_trace_while_they_are_open(traces: CapturedTraces) -> None:
    """MLflow's fluent API finds its way from a span by this attribute."""
    with raw("request") as request:
        assert mlflow.get_active_trace_id() == state_of(request).trace.identity.mlflow_trace_id  # type: ignore[arg-type]


def test_spans_of_a_remote_caller_are_a_trace_of_their_own(traces: CapturedTraces) -> None:
    """Whose root comes never, if it were waited for: a caller that does not trace into MLflow keeps its spans."""
    caller = trace_api.set_span_in_context(NonRecordingSpan(REMOTE))
    for _ in range(2):
        trace_api.get_tracer("a.library").start_span("work", context=caller).end()
    assert shown(traces) == drawn("work", "work")
    assert len({trace.info.trace_id for trace in traces}) == 2
    assert {trace.info.tags["otel.trace_id"] for trace in traces} == {f"{7:032x}"}


def test_nothing_begins_in_a_context_that_is_outside(traces: CapturedTraces) -> None:
    """In an excluded request, spans are nobody's."""
    token = context_api.attach(context_api.set_value(OUTSIDE, True))
    with raw("work"), span("inner"):
        pass
    context_api.detach(token)
    assert len(traces) == 0


def test_a_span_that_stands_for_another_passes_its_children_on(traces: CapturedTraces) -> None:
    """`NonRecordingSpan(context)` is how a parent is handed to another thread, and what disabled tracing leaves."""
    root = start("root")
    stand_in = trace_api.set_span_in_context(NonRecordingSpan(root.get_span_context()))
    trace_api.get_tracer("a.library").start_span("child", context=stand_in).end()
    root.end()
    assert shown(traces) == drawn("root > child")


def test_framework_spans_move_up_what_is_below_them(traces: CapturedTraces) -> None:
    """They are about the framework, and no part of the trace in MLflow."""
    framework = trace_api.get_tracer("opentelemetry.instrumentation.asgi")
    with span("request"), framework.start_as_current_span("http receive"), raw("work"):
        pass
    assert shown(traces) == drawn("request > work")


def test_a_root_is_kept_whoever_opened_it(traces: CapturedTraces) -> None:
    """The framework's span for a request is the request."""
    with trace_api.get_tracer("fastapi").start_as_current_span("GET /"), raw("work"):
        pass
    assert shown(traces) == drawn("GET / > work")


def test_a_processor_without_an_owner_takes_nothing() -> None:
    """It stays on providers when tracing is taken down, and must cost and do nothing there."""
    processor = OpenTraceSpanProcessor()
    provider = TracerProvider()
    provider.add_span_processor(processor)
    with provider.get_tracer("a.library").start_as_current_span("work"):
        assert open_states() == []


def test_open_spans_are_known_until_they_end(traces: CapturedTraces) -> None:
    """At shutdown, what is finished below them is handed over all the same."""
    root = start("root")
    assert state_of(root) in open_states()
    root.end()
    assert open_states() == []


def test_a_forked_child_forgets_the_open_spans_of_its_parent(traces: CapturedTraces) -> None:
    """They end in the parent."""
    root = start("root")
    continue_in_child()
    assert open_states() == []
    root.end()
    assert len(traces) == 0


def test_a_failure_of_ours_leaves_the_user_s_span_alone(
    traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    """The guard is what stands between a bug in the processor and a request."""
    GUARD.strict = False
    failures = GUARD.failures
    caplog.set_level(logging.CRITICAL)
    BRIDGE.processor.on_start("no span")  # type: ignore[arg-type]
    assert GUARD.failures == failures + 1
