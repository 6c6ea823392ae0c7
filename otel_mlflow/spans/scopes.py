"""Who opened a span, by the instrumentation scope that it names."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from otel_mlflow.spans.trace import SpanState

_FRAMEWORK_SCOPES = frozenset(
    {
        "fastapi",
        "opentelemetry.instrumentation.asgi",
        "opentelemetry.instrumentation.fastapi",
        "opentelemetry.instrumentation.starlette",
    }
)


def is_framework(span: ReadableSpan) -> bool:
    """Whether a web framework or its instrumentation opened the span about itself."""
    scope = span.instrumentation_scope
    return scope is not None and scope.name in _FRAMEWORK_SCOPES


def is_server_span(state: SpanState | None) -> bool:
    """Whether the span is one that a framework opened for a whole request."""
    return state is not None and state.span is not None and state.span.kind is SpanKind.SERVER


def is_mlflow_s(span: ReadableSpan) -> bool:
    """Whether MLflow opened the span."""
    scope = span.instrumentation_scope
    return scope is not None and scope.name.startswith("mlflow.")


def is_another_s(span: ReadableSpan) -> bool:
    """Whether neither MLflow nor we opened the span."""
    scope = span.instrumentation_scope
    return scope is None or not scope.name.startswith(("mlflow.", "otel_mlflow"))
