"""Spans of our own provider take a short way, and are to everybody what the SDK's are."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import mlflow
import pytest
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanKind, StatusCode

from otel_mlflow import Tracing, mlflow_names
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.own_provider import OwnTracerProvider
from otel_mlflow.spans.own_span import OwnSpan, SpanMaker
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import raw
from tests.unit.spans.test_trace import state_of
from tests.unit.trees import drawn, shown

OF_ONE_SPAN = ("context", "parent_id", "start_time", "end_time", "resource")


@pytest.fixture
def root(tracing: Tracing) -> Iterator[trace_api.Span]:
    """A span to open others below, which is none of the short way itself."""
    with raw("root") as span:
        yield span


def make_eventful(tracer: trace_api.Tracer) -> Span:
    """A span with everything that a span can have."""
    error = ValueError("no such region")
    with suppress(ValueError), tracer.start_as_current_span("call", kind=SpanKind.CLIENT) as span:
        span.set_attribute("region", ["north", "south"])
        span.set_attributes({"rows": 3, "share": 0.5})
        span.add_event("asked", {"attempt": 1}, timestamp=5)
        span.add_link(trace_api.SpanContext(1, 2, is_remote=False), {"why": "earlier"})
        span.update_name("query")
        raise error
    assert isinstance(span, Span)
    return span


def told_by(span: ReadableSpan) -> dict[str, Any]:
    """What a span says to an exporter, but for what is another in each."""
    told: dict[str, Any] = json.loads(span.to_json())
    for event in told["events"]:
        event.get("attributes", {}).pop("exception.stacktrace", None)
        event.pop("timestamp")
    return {key: value for key, value in told.items() if key not in OF_ONE_SPAN}


def test_a_span_says_what_the_sdk_s_would(root: trace_api.Span) -> None:
    """Name, kind, status, attributes, events, links, all."""
    own, sdk = (make_eventful(provider.get_tracer("t")) for provider in (trace_api.get_tracer_provider(), PLAIN))
    assert isinstance(own, OwnSpan)
    assert told_by(own) == told_by(sdk)
    assert own.instrumentation_scope == sdk.instrumentation_scope


PLAIN = TracerProvider(shutdown_on_exit=False)


def test_an_empty_span_says_nothing(root: trace_api.Span) -> None:
    """Also when it is asked after its end."""
    with raw("empty") as span:
        pass
    assert isinstance(span, OwnSpan)
    assert (dict(span.attributes or {}), span.events, span.links) == ({}, (), ())
    assert not {"_attributes", "_events", "_links"} & vars(span).keys(), "for the garbage collector to carry along"
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (0, 0, 0)
    assert span.status.status_code is StatusCode.UNSET


def test_a_span_is_below_the_current_one(root: trace_api.Span) -> None:
    """In OpenTelemetry as in MLflow."""
    with raw("outer") as outer, raw("inner") as inner:
        assert isinstance(inner, OwnSpan)
        assert inner.parent == outer.get_span_context()
        assert inner.get_span_context().trace_id == root.get_span_context().trace_id
        assert inner.get_span_context().trace_flags == root.get_span_context().trace_flags
        assert inner.get_span_context().span_id != outer.get_span_context().span_id


def test_what_is_given_at_the_start_is_kept(root: trace_api.Span) -> None:
    """Attributes as they are then, and the times."""
    regions = ["north"]
    tracer = trace_api.get_tracer("t")
    span = tracer.start_span("query", attributes={"regions": regions}, kind=SpanKind.PRODUCER, start_time=7)
    regions.append("south")
    span.end(11)
    assert isinstance(span, OwnSpan)
    assert (span.attributes or {})["regions"] == ("north",)
    assert (span.kind, span.start_time, span.end_time) == (SpanKind.PRODUCER, 7, 11)


def test_a_span_that_has_ended_stays_as_it_is(root: trace_api.Span, caplog: pytest.LogCaptureFixture) -> None:
    """With the SDK's warnings."""
    with raw("done") as span:
        pass
    assert isinstance(span, OwnSpan)
    before = span.to_json()
    span.end()
    span.set_attribute("late", 1)
    span.add_event("late")
    span.update_name("late")
    assert span.to_json() == before
    assert "Calling end() on an ended span." in caplog.text


def test_mlflow_finds_an_open_span_and_exporters_see_nothing_of_it(root: trace_api.Span) -> None:
    """By the attribute with its trace's id, which is gone when the span has ended, unless MLflow opened it."""
    with raw("work") as span:
        assert isinstance(span, OwnSpan)
        current = mlflow.get_current_active_span()
        assert current is not None
        assert current.trace_id == state_of(span).trace.identity.mlflow_trace_id
        assert mlflow_names.TRACE_REQUEST_ID in (span.attributes or {})
    assert mlflow_names.TRACE_REQUEST_ID not in (span.attributes or {})
    with mlflow.start_span("step") as step:
        pass
    assert isinstance(step._span, OwnSpan)
    assert mlflow_names.TRACE_REQUEST_ID in (step._span.attributes or {})


def test_a_span_with_links_goes_the_sdk_s_way(root: trace_api.Span, traces: CapturedTraces) -> None:
    """It checks them."""
    earlier = trace_api.SpanContext(1, 2, is_remote=False)
    span = trace_api.get_tracer("t").start_span("merge", links=[Link(earlier)])
    span.end()
    assert isinstance(span, Span)
    assert not isinstance(span, OwnSpan)
    assert [link.context for link in span.links] == [earlier]


def test_from_the_application_s_provider_on_the_sdk_makes_all_spans(root: trace_api.Span) -> None:
    """Its exporters get copies of what has ended, as from any provider."""
    tracer = trace_api.get_tracer("t")
    trace_api.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    with tracer.start_as_current_span("seen") as span:
        assert not isinstance(span, OwnSpan)


def test_without_the_private_names_the_sdk_makes_all_spans(
    fresh_process: None, traces: CapturedTraces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost some microseconds more, and the status says so."""
    monkeypatch.setattr(INTEGRATIONS, "_found", {})
    INTEGRATIONS.leave_out("opentelemetry_spans", "the SDK's spans have no _limits")
    tracing = Tracing()
    with raw("root"), raw("below") as span:
        assert not isinstance(span, OwnSpan)
    assert shown(traces) == drawn("root > below")
    assert tracing.status().state == "degraded"
    tracing.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_tracer_follows_its_resource(root: trace_api.Span) -> None:
    """A forked child has another."""
    provider = trace_api.get_tracer_provider()
    assert isinstance(provider, OwnTracerProvider)
    tracer = provider.get_tracer("t")
    sdk_s: Any = tracer
    sdk_s._tracer.resource = Resource({"process.pid": 7})
    span = tracer.start_span("in the child")
    span.end()
    assert isinstance(span, OwnSpan)
    assert span.resource.attributes == {"process.pid": 7}


def test_a_span_is_current_in_its_block_alone(root: trace_api.Span) -> None:
    """And ends with it, unless it is not to."""
    tracer = trace_api.get_tracer("t")
    with tracer.start_as_current_span("stays", end_on_exit=False) as span:
        assert trace_api.get_current_span() is span
    assert trace_api.get_current_span() is root
    assert span.is_recording()
    span.end()


def test_an_exception_may_be_nobody_s_business(root: trace_api.Span) -> None:
    """Neither an event nor a status where neither is wanted."""
    tracer = trace_api.get_tracer("t")
    quiet = {"record_exception": False, "set_status_on_exception": False}
    with suppress(ValueError), tracer.start_as_current_span("quiet", **quiet) as span:  # type: ignore[arg-type]
        raise ValueError("expected")
    assert isinstance(span, Span)
    assert (span.events, span.status.status_code) == ((), StatusCode.UNSET)


def test_what_is_no_error_leaves_no_event(root: trace_api.Span) -> None:
    """A cancellation, or a generator that is left, as in the SDK."""
    with pytest.raises(KeyboardInterrupt), trace_api.get_tracer("t").start_as_current_span("work") as span:
        raise KeyboardInterrupt
    assert isinstance(span, Span)
    assert (span.events, span.status.status_code) == ((), StatusCode.UNSET)


def test_functions_are_decorated(tracing: Tracing, traces: CapturedTraces) -> None:
    """Those that are awaited, too: their spans last as long as they do."""
    tracer = trace_api.get_tracer("t")

    @tracer.start_as_current_span("plain")
    def plain() -> None:
        with raw("in plain"):
            pass

    @tracer.start_as_current_span("awaited")
    async def awaited() -> None:
        await asyncio.sleep(0)
        with raw("in awaited"):
            pass

    with raw("root"):
        plain()
        asyncio.run(awaited())
        plain()
    assert shown(traces) == drawn("root > [plain > in plain, awaited > in awaited, plain > in plain]")


class TracerWithAGuest:
    """The SDK's, which lets a guest in while the first span is made: where another thread might be as far."""

    def __init__(self, tracer: trace_api.Tracer, guest: Callable[[], object]) -> None:
        self._tracer = tracer
        self._guests = [guest]

    def __getattr__(self, name: str) -> Any:
        if name == "span_processor" and self._guests:
            self._guests.pop()()
        return getattr(self._tracer, name)


def test_a_span_that_another_thread_makes_meanwhile_is_whole() -> None:
    """The first spans of a library may be those of a batch in threads."""
    made: list[OwnSpan] = []

    def make() -> None:
        made.append(maker.make("work", INVALID_SPAN_CONTEXT, SpanKind.INTERNAL, None))

    tracer: Any = TracerWithAGuest(TracerProvider().get_tracer("library"), make)
    maker = SpanMaker(tracer)
    make()
    assert [span.instrumentation_scope and span.instrumentation_scope.name for span in made] == ["library"] * 2


def test_a_processor_of_a_flavour_of_mlflow_s_sees_what_it_would_without_us(traces: CapturedTraces) -> None:
    """Neither MLflow's spans nor ours; Semantic Kernel's takes their types. It is there once."""
    seen: list[str] = []

    class Flavour(SpanProcessor):
        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            seen.append(span.name)

        def on_end(self, span: ReadableSpan) -> None:
            seen.append(f"{span.name} ends")

    Flavour.__module__ = "mlflow.semantic_kernel.autolog"
    provider = trace_api.get_tracer_provider()
    assert isinstance(provider, OwnTracerProvider)
    for _ in range(2):
        provider.add_span_processor(Flavour())
    with mlflow.start_span("mlflow's"), raw("framework's"):
        pass
    assert seen == ["framework's", "framework's ends"]
    assert shown(traces) == drawn("mlflow's > framework's")
