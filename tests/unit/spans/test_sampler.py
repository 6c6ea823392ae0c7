"""The application's sampler decides about its own exporters; what MLflow gets is for `tracing.sample_rate` to say."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import propagate
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from otel_mlflow import Tracing
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, outcome_of, shown


class Seen(SpanProcessor):
    """What a processor of the application's is shown."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span has started."""
        self.started.append(span.name)

    def on_end(self, span: ReadableSpan) -> None:
        """A span has ended."""
        self.ended.append(span.name)


def provider_with(sampler: Sampler) -> tuple[TracerProvider, Seen]:
    """A tracer provider of the application's."""
    seen = Seen()
    provider = TracerProvider(sampler=sampler)
    provider.add_span_processor(seen)
    return provider, seen


def work() -> str:
    """A handler that opens a span of each kind."""
    with span("mlflow") as opened, raw("raw"):
        opened.set_inputs({"a": 1})
    return "answered"


TREE = "GET / > mlflow > raw"


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, ParentBased(ALWAYS_OFF), TraceIdRatioBased(0)])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_the_application_s_sampler_drops_is_in_mlflow(
    fresh_process: None, instrument: Instrument, sampler: Sampler, is_first: bool
) -> None:
    """Its processors are shown nothing of it, whether its provider was there first or came later."""
    provider, seen = provider_with(sampler)
    app = app_of(work, telemetry={"tracing": False})
    if is_first:
        trace_api.set_tracer_provider(provider)
    instrument(app)
    trace_api.set_tracer_provider(provider)
    with capture() as traces:
        call = Call(app).run()
    assert call.json == "answered"
    assert call.headers["x-mlflow-trace-id"] == traces[0].info.trace_id
    assert shown(traces) == drawn(TREE)
    assert (seen.started, seen.ended) == ([], [])


def test_what_the_application_s_sampler_keeps_its_processors_see(fresh_process: None, instrument: Instrument) -> None:
    """Starts and ends."""
    provider, seen = provider_with(ParentBased(ALWAYS_ON))
    trace_api.set_tracer_provider(provider)
    app = app_of(work, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn(TREE)
    assert sorted(seen.started) == ["GET", "mlflow", "raw"]
    assert sorted(seen.ended) == ["GET /", "mlflow", "raw"]


def test_tracers_that_were_handed_out_before_record_too(fresh_process: None, instrument: Instrument) -> None:
    """A library keeps its tracer in a module variable."""
    provider, seen = provider_with(ALWAYS_OFF)
    trace_api.set_tracer_provider(provider)
    tracer = trace_api.get_tracer("a.library")

    def handler() -> None:
        with tracer.start_as_current_span("library"):
            pass

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn("GET / > library")
    assert seen.started == []


def test_tracers_of_ours_ask_the_sampler_of_a_provider_that_comes_later(
    traces: CapturedTraces,
) -> None:
    """A library was given one of our provider, before the application set its own."""
    tracer = trace_api.get_tracer("a.library")
    provider, seen = provider_with(ALWAYS_OFF)
    trace_api.set_tracer_provider(provider)
    with tracer.start_as_current_span("library"):
        pass
    assert shown(traces) == drawn("library")
    assert seen.started == []


def test_the_environment_s_sampler_is_not_ours(
    fresh_process: None, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`OTEL_TRACES_SAMPLER` is read by providers of the application's."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    app = app_of(work)
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn(TREE)


def test_a_dropped_request_that_fails_is_kept(fresh_process: None, instrument: Instrument) -> None:
    """`keep_errors` sees what the application's sampler does not."""
    trace_api.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))

    def handler() -> None:
        raise RuntimeError("broken")

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app, tracing={"sample_rate": 0.0})
    with capture() as traces:
        with pytest.raises(RuntimeError):
            Call(app).run()
        assert outcome_of(traces) == "error"


def test_the_next_service_is_told_what_the_application_s_sampler_decided(
    fresh_process: None, instrument: Instrument
) -> None:
    """The flag in `traceparent` is that of its own trace; that MLflow records it all the same is in `tracestate`."""
    trace_api.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))
    carrier: dict[str, str] = {}
    app = app_of(lambda: propagate.inject(carrier), telemetry={"tracing": False})
    instrument(app)
    with capture():
        Call(app).run()
    assert not int(carrier["traceparent"][-2:], 16) & 1
    with capture() as traces:
        Call(app, headers=carrier).run()
    assert len(traces) == 1


@pytest.mark.parametrize("request_line", ["GET /health", "GET /"])
def test_excluded_requests_are_dropped_as_before(
    fresh_process: None, instrument: Instrument, request_line: str
) -> None:
    """There, and where nothing of ours is installed any more, the application's sampler alone decides."""
    trace_api.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))
    recording: list[bool] = []

    def handler() -> None:
        with raw("work") as opened:
            recording.append(opened.is_recording())

    app = app_of(handler, request_line.partition(" ")[2], telemetry={"tracing": False})
    instrument(app)
    with capture():
        Call(app, request_line).run()
    assert recording == [request_line == "GET /"]


def test_the_application_has_its_sampler_back_when_tracing_is_taken_down(fresh_process: None) -> None:
    """In its provider, and in the tracers that it has handed out."""
    provider, _ = provider_with(ALWAYS_OFF)
    trace_api.set_tracer_provider(provider)
    tracer: Any = provider.get_tracer("a.library")
    Tracing().shutdown()
    assert provider.sampler is tracer.sampler is ALWAYS_OFF
    assert vars(provider._active_span_processor).keys() == vars(TracerProvider()._active_span_processor).keys()
    assert not tracer.start_span("work").is_recording()


def test_private_a_provider_knows_the_tracers_that_it_has_handed_out() -> None:
    """`TracerProvider._tracers`, `Tracer.sampler`: without them, tracers of before keep the application's sampler."""
    provider: Any = TracerProvider()
    tracer: Any = provider.get_tracer("a.library")
    assert list(provider._tracers.values()) == [tracer]
    assert tracer.sampler is provider.sampler
