"""The spans in what records hold."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


def spans_in(requests: Iterable[bytes]) -> list[ProtoSpan]:
    """The spans in serialised `ExportTraceServiceRequest`s."""
    request = ExportTraceServiceRequest.FromString(b"".join(requests))
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def has_root(spans: Iterable[ProtoSpan]) -> bool:
    """Whether the span is among them under which all the others are."""
    return any(not span.parent_span_id for span in spans)
