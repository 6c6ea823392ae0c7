"""A finished span as OTLP, whatever its attributes are."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode

from otel_mlflow.spans.records.encoding import (
    add_attributes,
    attributes_of,
    encode_head,
    encode_rest,
    from_json,
    set_value,
)
from otel_mlflow.spans.records.request_encoder import RequestEncoder

PROVIDER = TracerProvider(resource=Resource({"service.name": "shop", "telemetry.sdk.name": "opentelemetry"}))


def finished(name: str = "work", *, scope: str = "a.library", **options: Any) -> Span:
    """A span that has ended."""
    span = PROVIDER.get_tracer(scope, "1.2").start_span(name, start_time=1_000, **options)
    assert isinstance(span, Span)
    span.end(2_000)
    return span


def encoded(*spans: Span) -> ExportTraceServiceRequest:
    """The spans as they go over the wire."""
    encoder = RequestEncoder()
    for span in spans:
        proto = encoder.add(span)
        encode_head(proto, span)
        encode_rest(proto, span)
    return ExportTraceServiceRequest.FromString(b"".join(encoder.to_pieces()))


def only_span(request: ExportTraceServiceRequest) -> ProtoSpan:
    """The one span that there is."""
    (resource_spans,) = request.resource_spans
    (scope_spans,) = resource_spans.scope_spans
    (span,) = scope_spans.spans
    return span


def test_a_span_s_own_facts_are_encoded() -> None:
    """Name, kind and times, in nanoseconds."""
    proto = only_span(encoded(finished(kind=SpanKind.CLIENT)))
    assert (proto.name, proto.kind) == ("work", ProtoSpan.SPAN_KIND_CLIENT)
    assert (proto.start_time_unix_nano, proto.end_time_unix_nano) == (1_000, 2_000)


@pytest.mark.parametrize("kind", SpanKind)
def test_kinds_have_opentelemetry_s_numbers(kind: SpanKind) -> None:
    """The API counts from 0, the protocol from 1."""
    assert ProtoSpan.SpanKind.Name(only_span(encoded(finished(kind=kind))).kind) == f"SPAN_KIND_{kind.name}"


@pytest.mark.parametrize("code", StatusCode)
def test_status_is_encoded(code: StatusCode) -> None:
    """With its description, which only an error has."""
    span = PROVIDER.get_tracer("a.library").start_span("work")
    assert isinstance(span, Span)
    if code is not StatusCode.UNSET:
        span.set_status(code, "broken" if code is StatusCode.ERROR else None)
    span.end()
    status = only_span(encoded(span)).status
    assert (status.code, status.message) == (code.value, "broken" if code is StatusCode.ERROR else "")


def test_events_and_links_are_encoded() -> None:
    """With their attributes."""
    span = PROVIDER.get_tracer("a.library").start_span("work", links=[Link(SpanContext(3, 4, False), {"why": "retry"})])
    assert isinstance(span, Span)
    span.add_event("noticed", {"n": 1}, timestamp=1_500)
    span.end()
    proto = only_span(encoded(span))
    assert (proto.events[0].name, proto.events[0].time_unix_nano) == ("noticed", 1_500)
    assert proto.events[0].attributes[0].value.int_value == 1
    assert proto.links[0].trace_id == (3).to_bytes(16, "big")
    assert proto.links[0].span_id == (4).to_bytes(8, "big")
    assert proto.links[0].attributes[0].value.string_value == "retry"


def test_spans_are_grouped_by_the_library_that_made_them() -> None:
    """Under one resource, without what the SDK says of itself."""
    request = encoded(finished("a"), finished("b", scope="other"), finished("c"))
    (resource_spans,) = request.resource_spans
    assert [attribute.key for attribute in resource_spans.resource.attributes] == ["service.name"]
    groups = {group.scope.name: [span.name for span in group.spans] for group in resource_spans.scope_spans}
    assert groups == {"a.library": ["a", "c"], "other": ["b"]}
    assert resource_spans.scope_spans[0].scope.version == "1.2"


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ("text", "string_value", "text"),
        ("", "string_value", ""),
        (True, "bool_value", True),
        (7, "int_value", 7),
        (-(2**63), "int_value", -(2**63)),
        (2**63, "string_value", str(2**63)),
        (1.5, "double_value", 1.5),
        (b"\x00\xff", "bytes_value", b"\x00\xff"),
        ({"a": "ö"}, "string_value", '{"a": "ö"}'),
        (SpanKind.CLIENT, "string_value", "SpanKind.CLIENT"),
    ],
)
def test_values_have_the_protocol_s_types(value: Any, field: str, expected: Any) -> None:
    """What the protocol has no room for becomes text."""
    target = AnyValue()
    set_value(target, value)
    assert target.WhichOneof("value") == field
    assert getattr(target, field) == expected


def test_sequences_are_arrays() -> None:
    """Nested and empty ones too."""
    target = AnyValue()
    set_value(target, ("a", [1, []]))
    assert target.array_value.values[0].string_value == "a"
    assert target.array_value.values[1].array_value.values[0].int_value == 1
    assert target.array_value.values[1].array_value.values[1].WhichOneof("value") == "array_value"


@given(st.text(st.characters(codec=None, categories=None), max_size=20))
def test_any_text_can_be_encoded(text: str) -> None:
    """Python's strings may hold lone surrogates, which UTF-8 has no bytes for: one bad span fails a whole batch."""
    target = AnyValue()
    set_value(target, text)
    AnyValue.FromString(target.SerializeToString())


def test_none_is_no_attribute() -> None:
    """The protocol has no null."""
    proto = ProtoSpan()
    add_attributes(proto, {"none": None, "one": 1})
    assert [attribute.key for attribute in proto.attributes] == ["one"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"text"', "text"),
        ("1", 1),
        ("true", True),
        ('{"a": 1}', '{"a": 1}'),
        ("[1]", "[1]"),
        ("no JSON", "no JSON"),
        ("", ""),
        ('"\\"{\\""', '"{"'),
    ],
)
def test_what_mlflow_wrote_as_json_leaves_as_what_it_stands_for(text: str, value: Any) -> None:
    """Objects and lists stay text: the server unwraps them."""
    assert from_json(text) == value


def test_attributes_of_other_libraries_stay_as_they_are() -> None:
    """Only MLflow writes JSON: a digit string of theirs is no number."""
    span = finished(attributes={"theirs": "7", "ours": "7", "mlflow.spanType": '"TOOL"', "numbers": [1, 2]})
    assert attributes_of(span.attributes or {}, {"ours"}) == {
        "theirs": "7",
        "ours": 7,
        "mlflow.spanType": "TOOL",
        "numbers": (1, 2),
    }


def test_what_mlflow_s_client_writes_for_itself_stays_here() -> None:
    """The server derives it anew, from the ids."""
    own = {"mlflow.traceRequestId": '"tr-1"', "mlflow.experimentId": '"0"', "mlflow.spanStartTimeNs": "1"}
    assert attributes_of(finished(attributes=own).attributes or {}, set()) == {}


def test_a_span_without_a_library_can_be_encoded() -> None:
    """Spans read back from elsewhere have no instrumentation scope."""
    span = finished()
    span._instrumentation_scope = None
    request = encoded(span)
    assert request.resource_spans[0].scope_spans[0].scope.name == ""


def test_a_long_json_text_is_cut_before_it_is_read() -> None:
    """Of a text that MLflow wrote as JSON little more is unpacked than is going to be kept; the note knows all."""
    text = json.dumps("Ä" + "word \n" * 100_000, ensure_ascii=True)
    span = finished(attributes={"mlflow.spanInputs": text})
    kept = attributes_of(span.attributes or {}, set(), 1000)["mlflow.spanInputs"]
    assert kept.startswith("Äword \nword")
    assert len(kept) < 1000
    assert re.search(rf"\[cut: \d+ of {len(text)} bytes left out\]$", kept)
