"""OTLP spans as MLflow's server takes them, for whoever gives spans to MLflow without one."""

from __future__ import annotations

import json
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
    takes that off again; before, the store did, but the first ones left lists as they were.
    """
    from mlflow.tracing.otel import translation

    strip = getattr(translation, "strip_otlp_double_encoding", None)
    stripped: dict[str, Any] = strip(attributes) if strip is not None else _with_lists(attributes)
    return stripped


def _with_lists(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: _list_in(value) if str(value).startswith('"[') else value for key, value in attributes.items()}


def _list_in(text: str) -> str:
    """The list that JSON text in JSON text stands for; other text as it is."""
    try:
        inner: str = json.loads(text)
        return inner if isinstance(json.loads(inner), list) else text
    except ValueError:
        return text
