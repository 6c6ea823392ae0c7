"""In front of the processors of an application's provider: ours is shown every span, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator

import pytest
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    Span,
    SpanProcessor,
    TracerProvider,
)
from typing_extensions import override

from otel_mlflow import guard
from otel_mlflow.http.semconv import OUTCOME
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown, spans_of

TREE = "GET / > mlflow > raw"


def work() -> str:
    """A handler that opens a span of each kind."""
    with span("mlflow"), raw("raw"):
        return "answered"


def served(instrument: Instrument, provider: TracerProvider) -> tuple[CapturedTraces, Call]:
    """One request to an application with this provider."""
    trace_api.set_tracer_provider(provider)
    app = app_of(work, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        call = Call(app).run()
        assert shown(traces) == drawn(TREE)
    return traces, call


@pytest.fixture
def concurrent() -> Iterator[TracerProvider]:
    """A provider whose processors are called on threads of their own, where no context is current."""
    provider = TracerProvider(active_span_processor=ConcurrentMultiSpanProcessor(2), shutdown_on_exit=False)
    yield provider
    provider.shutdown()


def test_processors_that_are_called_on_other_threads_leave_the_tree_as_it_is(
    fresh_process: None, instrument: Instrument, concurrent: TracerProvider
) -> None:
    """What is current is known to the thread that opens a span alone."""
    served(instrument, concurrent)


def test_processors_that_are_called_on_other_threads_leave_a_span_cut_short(
    fresh_process: None, instrument: Instrument, concurrent: TracerProvider
) -> None:
    """What unwinds the stack is known to the thread that closes a span alone."""

    async def handler() -> None:
        with pytest.raises(asyncio.CancelledError), raw("cut"):
            raise asyncio.CancelledError

    trace_api.set_tracer_provider(concurrent)
    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app).run()
        assert spans_of(traces[0])["cut"].attributes[OUTCOME] == "cancelled"


class Failing(SpanProcessor):
    """Raises as a span starts, or as it ends."""

    def __init__(self, when: str) -> None:
        self._when = when

    @override
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if self._when == "starts":
            raise RuntimeError("starts")

    @override
    def on_end(self, span: ReadableSpan) -> None:
        if self._when == "ends":
            raise RuntimeError("ends")


@pytest.mark.parametrize("when", ["starts", "ends"])
def test_a_failing_processor_of_the_application_s_costs_no_request_and_no_trace(
    fresh_process: None,
    instrument: Instrument,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """Without us MLflow's spans, and a request's, are not shown to it. Of raw spans its user hears, as without us."""
    monkeypatch.setattr(guard, "_USER_ERRORS", defaultdict(guard.RateLimit))
    provider = TracerProvider()
    provider.add_span_processor(Failing(when))
    trace_api.set_tracer_provider(provider)

    def handler() -> str:
        with span("mlflow"):
            return "answered"

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with caplog.at_level(logging.ERROR, "otel_mlflow"), capture() as traces:
        assert Call(app).run().json == "answered"
        assert shown(traces) == drawn("GET / > mlflow")
    assert "the application's own span processor raised RuntimeError" in caplog.text
