"""`ExportTraceServiceRequest`s made of spans, in pieces small enough to be sent, serialized without a long stall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ProtoResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_mlflow.pacing import rest_if_due
from otel_mlflow.spans.records.encoding import UNWRITABLE, add_attributes, add_key_values, to_text

LARGEST_PIECE = 4 * 1024 * 1024
"""Bytes: what fits into one request of delivery's."""

LARGEST_SPAN = 12 * 1024 * 1024
"""Bytes of a span that is written in full, in a piece of its own."""

SPANS_OF_A_PART = 500
"""Spans that are serialized in one go, during which no other thread has the interpreter."""

_SDK_RESOURCE = ("telemetry.sdk.", "service.instance.id")


class ResourceEncoder:
    """Writes resources without their secrets, each once: a process has one or two."""

    def __init__(self, redact: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict) -> None:
        self._redact = redact
        self._known: dict[int, tuple[Resource, ProtoResource]] = {}

    def encode(self, resource: Resource) -> ProtoResource:
        """Write a resource, or answer what was written of it before."""
        known = self._known.get(id(resource))
        if known is None:
            known = self._known[id(resource)] = resource, ProtoResource()
            shown = {key: value for key, value in resource.attributes.items() if not key.startswith(_SDK_RESOURCE)}
            add_key_values(known[1].attributes, self._redact(shown))
        return known[1]


class RequestEncoder:
    """Builds requests; the spans are grouped by the library that made them.

    It is made in parts, each of which is serialized in one go: what they are joined to is one request again.
    """

    def __init__(
        self,
        resources: ResourceEncoder | None = None,
        *,
        largest_piece: int = LARGEST_PIECE,
        largest_span: int = LARGEST_SPAN,
    ) -> None:
        self._resources = resources or ResourceEncoder()
        self._largest_piece = largest_piece
        self._largest_span = largest_span
        self._parts: list[ExportTraceServiceRequest] = []
        self._begin_part()

    def add(self, span: ReadableSpan) -> ProtoSpan:
        """A new span of the request, as yet empty."""
        if self._spans == SPANS_OF_A_PART:
            self._begin_part()
        self._spans += 1
        proto: ProtoSpan = self._spans_beside(span).add()
        return proto

    def to_pieces(self) -> list[bytes]:
        """The requests as they go over the wire, in the order of the spans; one at least."""
        pieces: list[list[bytes]] = [[]]
        size = 0
        for serialized in self._serialized():
            size += len(serialized)
            if pieces[-1] and size > self._largest_piece:
                pieces.append([])
                size = len(serialized)
            pieces[-1].append(serialized)
        return [b"".join(piece) for piece in pieces]

    def _serialized(self) -> Iterator[bytes]:
        for part in self._parts:
            rest_if_due()
            serialized = part.SerializeToString()
            if len(serialized) <= self._largest_piece:
                yield serialized
            else:
                yield from self._span_by_span(part)

    def _span_by_span(self, part: ExportTraceServiceRequest) -> Iterator[bytes]:
        for resource_spans in part.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    rest_if_due()
                    self._shorten(span)
                    single = ExportTraceServiceRequest()
                    added = single.resource_spans.add(resource=resource_spans.resource)
                    added.scope_spans.add(scope=scope_spans.scope, spans=[span])
                    yield single.SerializeToString()

    def _shorten(self, span: ProtoSpan) -> None:
        """Leave of a span that is too large for any backend what it is called, and when and where it was."""
        if (size := span.ByteSize()) > self._largest_span:
            for field in ("attributes", "events", "links", "status"):
                span.ClearField(field)
            why = f"the span's content was left out: it has {size} bytes, and {self._largest_span} are the most"
            add_attributes(span, {UNWRITABLE: why})

    def _begin_part(self) -> None:
        self._request = ExportTraceServiceRequest()
        self._parts.append(self._request)
        self._spans = 0
        self._resource_spans: ResourceSpans | None = None
        self._scopes: dict[str, Any] = {}
        self._last_scope: tuple[object, Any] = (self, None)

    def _spans_beside(self, span: ReadableSpan) -> Any:
        """The spans of the library that made this one; the one before is mostly of the same."""
        scope, (last, spans) = span.instrumentation_scope, self._last_scope
        if scope is not last:
            spans = self._scope_of(scope, span).spans
            self._last_scope = scope, spans
        return spans

    def _scope_of(self, scope: InstrumentationScope | None, span: ReadableSpan) -> Any:
        name = to_text(scope.name) if scope is not None else ""
        if self._resource_spans is None:
            self._resource_spans = self._request.resource_spans.add()
            self._resource_spans.resource.CopyFrom(self._resources.encode(span.resource))
        scope_spans = self._scopes.get(name)
        if scope_spans is None:
            scope_spans = self._scopes[name] = self._resource_spans.scope_spans.add()
            scope_spans.scope.name = name
            scope_spans.scope.version = to_text(scope.version) if scope is not None and scope.version else ""
        return scope_spans
