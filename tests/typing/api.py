"""Every public name, used as its user would; `make check` has mypy read it, strictly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span
from starlette.applications import Starlette
from typing_extensions import assert_type

import otel_mlflow
from otel_mlflow import (
    MlflowSpanExporter,
    RequestTrace,
    Settings,
    Tracing,
    TracingMiddleware,
    TracingSetupError,
    continued,
    current_trace,
    log_feedback,
)
from otel_mlflow.testing import CapturedTraces, capture

if TYPE_CHECKING:
    from mlflow.entities import Trace


def one_line(app: FastAPI) -> None:
    """Settings from the environment and YAML."""
    tracing = otel_mlflow.instrument(app)
    assert_type(tracing, Tracing)
    otel_mlflow.uninstrument(app)


def with_settings(app: Starlette, provider: TracerProvider) -> None:
    """Everything that may be given."""

    def by_tenant(scope: Any) -> str | None:
        tenant: str | None = scope["path_params"].get("tenant")
        return tenant

    settings = Settings(experiment_name="/Users/me@x.com/agent", tracing={"sample_rate": 0.1})
    otel_mlflow.instrument(app, settings, tracer_provider=provider, experiment_for=by_tenant)
    assert_type(Settings.load("mlflow.yaml"), Settings)
    assert_type(settings.tracing.sample_rate, float)


def any_asgi_framework(app: Any) -> None:
    """Start, watch and stop it oneself."""
    tracing = Tracing(Settings())
    TracingMiddleware(app, tracing=tracing)
    Starlette().add_middleware(TracingMiddleware, tracing=tracing)
    try:
        tracing.start()
    except TracingSetupError as error:
        assert_type(str(error), str)
    assert_type(tracing.flush(timeout=5.0), bool)
    assert_type(tracing.experiment_id, "str | None")
    assert_type(tracing.settings, Settings)
    assert_type(tracing.status().counts.delivered, int)
    tracing.shutdown(timeout=1.0)


def in_a_handler(question: str) -> dict[str, str]:
    """What a request can say of its trace."""
    trace = current_trace()
    assert_type(trace, RequestTrace)
    trace.set_session("s-1")
    trace.set_user("me")
    trace.set_tags({"tenant": "a", "attempt": 2})
    trace.set_inputs({"question": question})
    trace.set_outputs(["answer"])
    trace.log_params({"depth": 3})
    trace.log_metrics({"score": 0.5})
    assert_type(trace.id, str)
    assert_type(trace.url, str)
    return trace.carrier()


def in_a_worker(carrier: dict[str, str]) -> None:
    """Going on in the request's trace."""
    with continued(carrier, "job") as span:
        assert_type(span, Span)
        span.set_attribute("attempt", 2)


def afterwards(trace_id: str) -> None:
    """What a person thinks of the answer."""
    log_feedback(trace_id, "helpful", True, rationale="to the point", user="me", metadata={"page": "1"})


def without_asgi() -> None:
    """Any tracer provider."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(MlflowSpanExporter(Settings())))


def in_a_test() -> None:
    """The traces that a test produced."""
    with capture() as traces:
        assert_type(traces, CapturedTraces)
        first: Trace = traces[0]
        some: Sequence[Trace] = traces[1:]
        assert_type(len(some), int)
        assert first.info.trace_id
