"""Requests made of spans, however many and however large."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.resources import Resource

from otel_mlflow.content import REDACTED
from otel_mlflow.settings import Settings
from otel_mlflow.spans.records.content import SpanContent
from otel_mlflow.spans.records.encoding import UNWRITABLE, add_attributes, encode_head
from otel_mlflow.spans.records.request_encoder import SPANS_OF_A_PART, RequestEncoder, ResourceEncoder
from tests.unit.spans.records.test_encoding import finished


def add(encoder: RequestEncoder, name: str, size: int) -> None:
    """A span with an attribute of so many bytes."""
    span = finished(name)
    proto = encoder.add(span)
    encode_head(proto, span)
    add_attributes(proto, {"content": "x" * size})


def spans_in(piece: bytes) -> list[ProtoSpan]:
    """The spans of one request, each of the library that made it."""
    request = ExportTraceServiceRequest.FromString(piece)
    assert {scope.scope.name for part in request.resource_spans for scope in part.scope_spans} == {"a.library"}
    return [span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]


def test_requests_are_joined_by_joining_their_bytes() -> None:
    """Delivery puts many records into one call to the server."""
    encoders = RequestEncoder(), RequestEncoder()
    for encoder, name in zip(encoders, "ab", strict=True):
        span = finished(name)
        encode_head(encoder.add(span), span)
    joined = ExportTraceServiceRequest.FromString(
        b"".join(piece for encoder in encoders for piece in encoder.to_pieces())
    )
    assert [part.scope_spans[0].spans[0].name for part in joined.resource_spans] == ["a", "b"]


def test_a_request_of_several_parts_holds_every_span_once() -> None:
    """It is serialized in parts, so that nobody waits long for the interpreter."""
    span = finished()
    encoder = RequestEncoder()
    for _ in range(2 * SPANS_OF_A_PART + 1):
        encode_head(encoder.add(span), span)
    (piece,) = encoder.to_pieces()
    request = ExportTraceServiceRequest.FromString(piece)
    held = [len(scope.spans) for part in request.resource_spans for scope in part.scope_spans]
    assert held == [SPANS_OF_A_PART, SPANS_OF_A_PART, 1]
    assert {part.resource.attributes[0].key for part in request.resource_spans} == {"service.name"}


@pytest.mark.parametrize("spans", [40, 2 * SPANS_OF_A_PART + 1])
def test_spans_that_are_too_many_for_one_request(spans: int) -> None:
    """They come in several, each small enough, all of them once and in their order."""
    encoder = RequestEncoder(largest_piece=10_000)
    for number in range(spans):
        add(encoder, f"span {number}", 500)
    pieces = encoder.to_pieces()
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 10_000
    assert [span.name for piece in pieces for span in spans_in(piece)] == [f"span {number}" for number in range(spans)]


def test_a_span_that_is_larger_than_a_request_has_one_of_its_own() -> None:
    """It is complete, and its neighbours are not in the same request."""
    encoder = RequestEncoder(largest_piece=1000)
    for name, size in (("before", 10), ("large", 5000), ("after", 10)):
        add(encoder, name, size)
    assert [[span.name for span in spans_in(piece)] for piece in encoder.to_pieces()] == [
        ["before"],
        ["large"],
        ["after"],
    ]


def test_a_span_that_no_backend_takes_costs_its_content_alone() -> None:
    """It stays in its place, and says what it lacks."""
    encoder = RequestEncoder(largest_piece=1000, largest_span=2000)
    add(encoder, "small", 10)
    add(encoder, "huge", 5000)
    small, huge = (span for piece in encoder.to_pieces() for span in spans_in(piece))
    assert [attribute.key for attribute in small.attributes] == ["content"]
    (attribute,) = huge.attributes
    assert (huge.name, attribute.key) == ("huge", UNWRITABLE)
    assert "2000 are the most" in attribute.value.string_value


def test_secrets_in_a_resource_are_hidden() -> None:
    """`OTEL_RESOURCE_ATTRIBUTES` and detectors of processes put what they find there."""
    redact = SpanContent(Settings().tracing).redacted
    resource = Resource(
        {
            "service.name": "shop",
            "db.password": "tulip" + "5921",
            "process.command_line": "serve --token " + "Zk7abc9def1ghi",
            "process.command_args": ["serve", "--password", "tulip" + "5921"],
        }
    )
    written = {item.key: item.value for item in ResourceEncoder(redact).encode(resource).attributes}
    assert written["service.name"].string_value == "shop"
    assert written["db.password"].string_value == REDACTED
    assert written["process.command_line"].string_value == f"serve --token {REDACTED}"
    assert [item.string_value for item in written["process.command_args"].array_value.values] == [
        *("serve", "--password", REDACTED)
    ]
