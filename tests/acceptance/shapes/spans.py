"""The two ways in which user code opens spans: MLflow's fluent API, and OpenTelemetry's."""

from __future__ import annotations

from contextlib import AbstractContextManager

import mlflow
from mlflow.entities import LiveSpan
from opentelemetry import trace


def span(name: str) -> AbstractContextManager[LiveSpan]:
    """An MLflow span, as application code opens it."""
    return mlflow.start_span(name)


def raw(name: str) -> AbstractContextManager[trace.Span]:
    """An OpenTelemetry span, as an instrumented library opens it, which has never heard of MLflow."""
    return trace.get_tracer("a.library").start_as_current_span(name)


def nested(outer: str, inner: str) -> None:
    """An MLflow span with an OpenTelemetry span in it."""
    with span(outer), raw(inner):
        pass
