"""The file that holds the spans of a classic trace, as MLflow writes it (`mlflow.entities.TraceData`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


def spans_in(requests: Iterable[bytes]) -> list[ProtoSpan]:
    """The spans in serialised `ExportTraceServiceRequest`s."""
    request = ExportTraceServiceRequest.FromString(b"".join(requests))
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def has_root(spans: Iterable[ProtoSpan]) -> bool:
    """Whether the span is among them under which all the others are."""
    return any(not span.parent_span_id for span in spans)


def span_file(spans: Iterable[ProtoSpan], before: bytes = b"") -> bytes:
    """The file that holds these spans, and those of the file that was there `before`."""
    from mlflow.entities import Span

    written: list[dict[str, Any]] = json.loads(before or b'{"spans": []}')["spans"]
    written += [Span.from_otel_proto(span).to_dict() for span in spans]
    by_id = {span["span_id"]: span for span in written}
    return json.dumps({"spans": list(by_id.values())}, ensure_ascii=False, default=str).encode()
