"""The functions of `mlflow.tracing.configure(span_processors=…)` on spans that MLflow does not show to them.

MLflow calls them as its own spans end. The spans of requests and of other instrumentations are shown to them when they
are written down: all that they say is known then, and nobody waits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlflow.entities import LiveSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.trace import TracerProvider

from otel_mlflow.guard import attempt, report_user_error
from otel_mlflow.spans.ids import UniqueIdGenerator
from otel_mlflow.spans.trace import SpanState

_SCRATCH: Any = TracerProvider(shutdown_on_exit=False, id_generator=UniqueIdGenerator()).get_tracer(
    "otel_mlflow.scratch"
)
"""Makes spans that nobody sees but those functions."""


def apply_span_processors(state: SpanState, attributes: Mapping[str, Any], proto: ProtoSpan) -> Mapping[str, Any]:
    """The attributes as the functions leave them; a name that they change is written into `proto`."""
    if not state.maskers:
        return attributes
    shown = LiveSpan(_SCRATCH.start_span(proto.name), state.trace.identity.mlflow_trace_id)
    given = set(shown._span.attributes or ())
    for key, value in attributes.items():
        shown.set_attribute(key, _parsed(value))
    for processor in state.maskers:
        if isinstance(error := attempt(processor, shown), Exception):
            report_user_error("mlflow.tracing.configure(span_processors=…)", error, "the span stays as it was")
    proto.name = shown._span.name
    left: dict[str, Any] = shown.attributes
    kept = {key: value for key, value in left.items() if key in attributes or key not in given}
    return {key: _as_written(value, attributes.get(key)) for key, value in kept.items()}


def _parsed(value: Any) -> Any:
    """Objects and lists are JSON text among our attributes; the functions are shown what they stand for."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _as_written(value: Any, before: Any) -> Any:
    if isinstance(value, dict) or (isinstance(value, list) and isinstance(before, str)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
