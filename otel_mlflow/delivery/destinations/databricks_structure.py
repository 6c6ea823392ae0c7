"""Attributes whose text is JSON, as the values that it stands for.

Records hold inputs and outputs as JSON text, which MLflow's own server takes apart (`sanitize_attributes` in
`mlflow.tracing.otel.translation`, whose rule this is). A workspace keeps what it is given, and MLflow's client gives it
values.
"""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

DEEPEST = 20
"""Levels of JSON that are taken apart; those below stay text. Each takes three of protobuf's, and its readers refuse
messages deeper than 100 (protobuf.dev, "Proto Limits")."""


def structured_request(request: bytes) -> bytes:
    """A serialised `ExportTraceServiceRequest` with all its spans so."""
    parsed = ExportTraceServiceRequest.FromString(request)
    for resource in parsed.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                structured(span)
    return parsed.SerializeToString()


def structured(span: ProtoSpan) -> ProtoSpan:
    """The span itself, changed: texts, lists and objects instead of their JSON. Numbers in texts stay texts."""
    for attribute in span.attributes:
        text = attribute.value.string_value
        if text[:1] in ('"', "{", "["):
            value = _parsed(text)
            if isinstance(value, (str, dict, list)):
                _set(attribute.value, value)
    return span


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _set(target: AnyValue, value: Any, depth: int = 0) -> None:
    if value is None:
        target.Clear()
    elif depth == DEEPEST:
        target.string_value = _utf8(json.dumps(value))
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, list):
        target.array_value.SetInParent()
        for item in value:
            _set(target.array_value.values.add(), item, depth + 1)
    elif isinstance(value, dict):
        target.kvlist_value.SetInParent()
        for key, item in value.items():
            pair = target.kvlist_value.values.add()
            pair.key = _utf8(key)
            _set(pair.value, item, depth + 1)
    else:
        target.string_value = _utf8(str(value))


def _utf8(text: str) -> str:
    """Python's strings may hold lone surrogates, protobuf's may not."""
    return text.encode("utf-8", "replace").decode("utf-8")
