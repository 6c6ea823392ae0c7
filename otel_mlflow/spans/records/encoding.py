"""A finished span as OTLP.

MLflow's fluent API writes attribute values as JSON text, other libraries write OpenTelemetry's own types. Both leave
here as what they stand for. JSON objects and lists stay text: an MLflow server unwraps them as they are
(`mlflow.tracing.otel.translation.sanitize_attributes`), and taking them apart here would cost more than all the rest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from otel_mlflow import mlflow_names
from otel_mlflow.content.cut import close_json
from otel_mlflow.guard import attempt
from otel_mlflow.spans.sampler import NOT_SAMPLED

_OURS_ALONE = frozenset({NOT_SAMPLED, mlflow_names.TRACE_REQUEST_ID, "mlflow.experimentId", "mlflow.spanStartTimeNs"})
"""Attributes that MLflow's client, or we, put on spans for ourselves, and MLflow's server derives anew."""

LONG = 1_000_000
"""Characters of a text that is cut before anything else is done with it, and made fit for OTLP afterwards."""

UNWRITABLE = "otel_mlflow.error"
"""The attribute that says why a span could not be written."""

LAST_NS = 2**63 - 1
"""The last moment that MLflow's database has a number for, in nanoseconds."""

UNNAMED = "unnamed"
"""The name of a span or an event whose name is None."""


def encode_head(proto: ProtoSpan, span: ReadableSpan) -> None:
    """Write what the span is called, and when it was: what one that cannot be written in full still shows."""
    proto.name = name_text(span.name)
    proto.start_time_unix_nano = time_ns_of(span.start_time)
    proto.end_time_unix_nano = time_ns_of(span.end_time or time.time_ns())


def encode_rest(proto: ProtoSpan, span: ReadableSpan) -> None:
    """Write everything else that does not depend on where the span hangs in the tree, but its attributes."""
    # `_value_` rather than `value`, a property in Python that takes as long as all other fields.
    proto.kind = cast("Any", span.kind._value_ + 1)
    status = span.status
    set_status(proto, status.status_code, status.description)
    for event in span.events:
        add_event(proto, event.name, event.timestamp, event.attributes or {})
    for link in span.links:
        added = proto.links.add()
        added.trace_id = link.context.trace_id.to_bytes(16, "big")
        added.span_id = link.context.span_id.to_bytes(8, "big")
        add_key_values(added.attributes, link.attributes or {})


def add_attributes(proto: ProtoSpan, attributes: Mapping[str, Any]) -> None:
    """Add attributes to the span."""
    add_key_values(proto.attributes, {key: value for key, value in attributes.items() if value is not None})


def add_event(proto: ProtoSpan, name: Any, time_ns: object, attributes: Mapping[str, Any]) -> None:
    """Add an event to the span."""
    added = proto.events.add()
    added.name = name_text(name)
    added.time_unix_nano = time_ns_of(time_ns)
    add_key_values(added.attributes, attributes)


def set_status(proto: ProtoSpan, code: StatusCode, description: object) -> None:
    """Give the span this status, whatever it had."""
    status = proto.status
    status.code = cast("Any", code._value_)
    status.message = to_text(description) if description else ""


def attributes_of(attributes: Mapping[str, Any], json_keys: Set[str], longest: int = LONG) -> dict[str, Any]:
    """A span's attributes as what they stand for; `json_keys` are those that MLflow wrote.

    Of a JSON text about so much is kept as is going to be left of it.
    """
    return {
        to_text(key): _from_attribute(value, key in json_keys or to_text(key).startswith("mlflow."), longest)
        for key, value in attributes.items()
        if key not in _OURS_ALONE
    }


def _from_attribute(value: Any, is_json: bool, longest: int) -> Any:
    if not isinstance(value, str):
        return value
    if is_json and value[:1] == '"' and len(value) > 2 * longest:
        value = close_json(value[:longest], longest, len(value) if value.isascii() else None)
    if len(value) > LONG:
        return value
    return from_json(to_text(value)) if is_json else to_text(value)


def from_json(text: str) -> Any:
    """The value that MLflow's JSON text stands for; objects and lists stay as they are."""
    if text[:1] in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def set_value(target: AnyValue, value: Any) -> None:
    """Set an OTLP value: OpenTelemetry's attribute types as what they are, anything else as text."""
    if isinstance(value, str):
        target.string_value = to_text(value)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        _set_int(target, value)
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, Mapping):
        document = attempt(json.dumps, value, ensure_ascii=False, default=to_text)
        target.string_value = to_text(document if isinstance(document, str) else value)
    elif isinstance(value, Sequence):
        _set_items(target, value)
    else:
        target.string_value = to_text(value)


def _set_int(target: AnyValue, value: int) -> None:
    if -(2**63) <= value < 2**63:
        target.int_value = value
    else:
        target.string_value = str(value)


def _set_items(target: AnyValue, values: Iterable[Any]) -> None:
    items = target.array_value.values
    target.array_value.SetInParent()
    for value in values:
        set_value(items.add(), value)


def to_text(value: object) -> str:
    """Any value as text that OTLP takes: protobuf strings are UTF-8, which has no lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    text = attempt(str, value)
    return (
        f"<{type(value).__name__}: str() raised {type(text).__name__}>"
        if isinstance(text, Exception)
        else to_text(text)
    )


def name_text(name: object) -> str:
    """The name of a span or an event, whatever it was given for one; databases store none with a NUL in it."""
    return UNNAMED if name is None else to_text(name).replace("\0", "\ufffd")


def time_ns_of(given: Any) -> int:
    """The moment that a span or an event was given, which may be anything; 0 where it is no number."""
    if type(given) is int and 0 <= given <= LAST_NS:
        return given
    time_ns = attempt(int, given or 0)
    return min(max(time_ns, 0), LAST_NS) if isinstance(time_ns, int) else 0


def add_key_values(target: Any, attributes: Mapping[str, Any]) -> None:
    """Add attributes to whatever has some."""
    for key, value in attributes.items():
        target_value = target.add(key=to_text(key)).value
        if isinstance(value, str):
            target_value.string_value = to_text(value)
        else:
            set_value(target_value, value)
