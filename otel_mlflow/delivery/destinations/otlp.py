"""The spans in what records hold, and which records an OTLP backend means that rejects some of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.backends.proof import SpansRejectedError
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.errors import PartiallyRejectedError

PROTOBUF = {"Content-Type": "application/x-protobuf"}


def spans_in(requests: Iterable[bytes]) -> list[ProtoSpan]:
    """The spans in serialised `ExportTraceServiceRequest`s."""
    request = ExportTraceServiceRequest.FromString(b"".join(requests))
    return [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def has_root(spans: Iterable[ProtoSpan]) -> bool:
    """Whether the span is among them under which all the others are."""
    return any(not span.parent_span_id for span in spans)


@contextmanager
def attributed_to(batch: Sequence[SpooledTrace]) -> Generator[None, None, None]:
    """Where a backend rejects all spans of the batch, raise that for each of its records.

    Where it rejects some it does not say which: the error passes, and smaller batches show it.
    """
    try:
        yield
    except SpansRejectedError as error:
        if error.rejected < len(spans_in(trace.spans for trace in batch)):
            raise
        raise PartiallyRejectedError({trace.id: error.reason for trace in batch if trace.spans}) from error
