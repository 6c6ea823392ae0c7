"""A spooled record as a line that OpenTelemetry's collectors read: OTLP's JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow.delivery.spool_admin import SpoolRecord

_IDS = ("traceId", "spanId", "parentSpanId")


def exported(record: SpoolRecord, spans: bytes, info: bytes) -> dict[str, Any]:
    """The record's spans as an OTLP request; `otelMlflow`, which collectors pass over, holds what OTLP does not."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(spans), use_integers_for_enums=True)
    for resource_spans in request.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                for item in (span, *span.get("links", ())):
                    _write_ids_in_hex(item)
    rest = {
        "traceId": record.trace_id,
        "experiment": record.experiment,
        "quarantined": record.quarantined,
        "reason": record.reason,
        "info": json.loads(info) if info else None,
    }
    return {**request, "otelMlflow": rest}


def _write_ids_in_hex(item: dict[str, Any]) -> None:
    """OTLP's JSON differs from protobuf's in this (opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding)."""
    for name in _IDS:
        if name in item:
            item[name] = base64.b64decode(item[name]).hex()
