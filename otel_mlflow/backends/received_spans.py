"""OTLP spans as MLflow's server takes them, for whoever gives spans to MLflow without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.entities import Span
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


def received_span(proto: ProtoSpan) -> Span:
    """The span that MLflow's OTLP endpoint would hand to its store."""
    from mlflow.entities import Span

    span: Any = Span.from_otel_proto(proto)
    span._span._attributes = received_attributes(span._span._attributes)
    received: Span = span
    return received


def received_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """JSON values as the endpoint hands them to the store.

    MLflow's clients write attributes as JSON, and reading OTLP makes JSON of them once more. From 3.18 on the endpoint
    takes that off again; before, the store did.
    """
    from mlflow.tracing.otel import translation

    strip = getattr(translation, "strip_otlp_double_encoding", None)
    stripped: dict[str, Any] = strip(attributes) if strip is not None else attributes
    return stripped
