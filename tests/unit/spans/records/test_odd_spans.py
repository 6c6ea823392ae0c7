"""No span costs its trace: whatever it is called, and whatever it holds, it arrives as something."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import Span, SpanStatusCode, Trace
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Status, StatusCode

from otel_mlflow.exporter import MlflowSpanExporter
from otel_mlflow.settings import Settings
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.records.encoding import UNWRITABLE
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from otel_mlflow.tracing import Tracing
from tests.unit.apps import raw
from tests.unit.trees import spans_of


class Unprintable:
    """Something whose `str()` fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
"""Lone surrogates and NULs included."""


def any_value(*more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of every type, `more` among them, also inside each other."""
    plain = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.binary(max_size=8) | ANY_TEXT
    return st.recursive(
        st.one_of(plain, *more),
        lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(ANY_TEXT, inner, max_size=3),
        max_leaves=5,
    )


CHECKED = st.dictionaries(ANY_TEXT, any_value(), max_size=4)
"""Attributes for a span of the SDK, which leaves out what OpenTelemetry has no type for."""

UNCHECKED = st.dictionaries(ANY_TEXT, any_value(st.datetimes(), st.builds(Unprintable)), max_size=4)

MANY = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def quiet_sdk(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """OpenTelemetry warns of each attribute that it leaves out."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("opentelemetry").setLevel(logging.NOTSET)


def trace_of(open_spans: Callable[[trace_api.Tracer], object]) -> Trace:
    """The one trace of a request in which these spans are opened."""
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery), raw("request"):
        open_spans(trace_api.get_tracer("a.library"))
    (trace,) = delivery.traces()
    return trace


@MANY
@given(name=st.none() | st.integers() | ANY_TEXT | st.builds(Unprintable))
def test_a_span_may_have_any_name(tracing: Tracing, name: Any) -> None:
    """OpenTelemetry takes anything for one."""
    trace = trace_of(lambda tracer: tracer.start_span(name).end())
    assert len(trace.data.spans) == 2


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "unnamed"), (7, "7"), ("half \ud83d", "half ?"), ("a\0b", "a\ufffdb")]
)
def test_a_name_that_is_no_text_is_shown_as_one(tracing: Tracing, name: Any, shown: str) -> None:
    """The rest of it as it is."""
    assert shown in spans_of(trace_of(lambda tracer: tracer.start_span(name).end()))


@MANY
@given(attributes=CHECKED, event=st.none() | ANY_TEXT, of_event=CHECKED, message=ANY_TEXT)
def test_a_span_may_hold_anything(
    tracing: Tracing, attributes: dict[str, Any], event: Any, of_event: dict[str, Any], message: str
) -> None:
    """In attributes, events and its status."""

    def odd(tracer: trace_api.Tracer) -> None:
        span = tracer.start_span("odd", attributes=attributes)
        span.add_event(event, of_event)
        span.set_status(Status(StatusCode.ERROR, message))
        span.record_exception(ValueError(message))
        span.end()

    why = spans_of(trace_of(odd))["odd"].attributes.get(UNWRITABLE)
    assert not str(why).startswith("otel-mlflow could not")


ANY_TIME = st.none() | st.integers(-(2**70), 2**70) | st.floats() | st.just("now") | st.builds(Unprintable)


@MANY
@given(start=ANY_TIME, end=ANY_TIME, of_event=ANY_TIME)
def test_a_span_may_have_any_times(tracing: Tracing, start: Any, end: Any, of_event: Any) -> None:
    """Seconds for nanoseconds, moments before 1970 and after 2262: OpenTelemetry takes anything for one."""

    def odd(tracer: trace_api.Tracer) -> None:
        span = tracer.start_span("odd", start_time=start)
        span.add_event("happened", timestamp=of_event)
        span.end(end)

    trace = trace_of(odd)
    span = spans_of(trace)["odd"]
    assert UNWRITABLE not in span.attributes
    times = (span.start_time_ns, span.end_time_ns, span.events[0].timestamp)
    assert all(0 <= time < 2**63 for time in times if time is not None)


@pytest.mark.parametrize("time", [-1, 2**70, 1.5, "now"])
def test_the_first_span_of_a_trace_may_have_any_times(traces: CapturedTraces, time: Any) -> None:
    """Without a request round it, the trace's times are its own."""
    tracing = Tracing(Settings())
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        trace_api.get_tracer("a.library").start_span("odd", start_time=time).end(time)
        (trace,) = delivery.traces()
    tracing.shutdown()
    assert list(spans_of(trace)) == ["odd"]


@MANY
@given(attributes=UNCHECKED, name=st.none() | ANY_TEXT)
def test_a_span_that_the_sdk_did_not_check_may_hold_anything(
    traces: CapturedTraces, attributes: dict[str, Any], name: Any
) -> None:
    """An exporter is handed whatever `ReadableSpan` somebody makes."""
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        context = trace_api.SpanContext(2**100 + 1, 2**50 + 1, is_remote=False)
        exporter = MlflowSpanExporter(Settings())
        exporter.export([ReadableSpan(name, context, attributes=attributes, start_time=1, end_time=2)])
        exporter.shutdown()
    (trace,) = delivery.traces()
    assert len(trace.data.spans) == 1


def test_a_span_that_cannot_be_written_is_a_stub_that_says_why(traces: CapturedTraces) -> None:
    """With its name, place and times; the spans beside it are whole."""

    def broken(tracer: trace_api.Tracer) -> None:
        span: Any = tracer.start_span("broken")
        span._links = ["no link"]
        tracer.start_span("below", context=trace_api.set_span_in_context(span)).end()
        span.end()

    tracing = Tracing(Settings())
    spans = spans_of(trace_of(broken))
    tracing.shutdown()
    assert sorted(spans) == ["below", "broken", "request"]
    assert spans["below"].parent_id == spans["broken"].span_id
    assert "AttributeError" in str(spans["broken"].attributes[UNWRITABLE])
    assert _status(spans["broken"]) != SpanStatusCode.ERROR


def _status(span: Span) -> str:
    return str(span.status.status_code)
