"""OTLP spans as MLflow's server takes them, for whoever gives spans to MLflow without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.entities import Span
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


def received_span(proto: ProtoSpan) -> Span:
    """The span that MLflow's OTLP endpoint would hand to its store.

    MLflow's clients write attributes as JSON, and reading OTLP makes JSON of them once more. From 3.18 on the endpoint
    takes that off again; before, the store did.
    """
    from mlflow.entities import Span
    from mlflow.tracing.otel import translation

    span: Any = Span.from_otel_proto(proto)
    strip = getattr(translation, "strip_otlp_double_encoding", None)
    if strip is not None:
        span._span._attributes = strip(span._span._attributes)
    received: Span = span
    return received
