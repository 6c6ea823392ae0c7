"""A trace made up by the doctor, to see whether traces arrive."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.spans.records.encoding import add_attributes

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "otel-mlflow doctor"
BELOW = "the span below"
TREE = {NAME: None, BELOW: NAME}
"""The name of each span, and of the span above it."""


def canary_trace() -> SpooledTrace:
    """A trace as delivery sends it, under a new id: two spans, one below the other."""
    trace_id = secrets.token_bytes(16)
    return SpooledTrace(0, f"tr-{trace_id.hex()}", _spans(trace_id), _info(), None)


def deleted(client: MlflowClient, experiment_id: str, trace_id: str) -> str:
    """Delete it again; answer what kept it from that, if anything did."""
    from mlflow.exceptions import MlflowException

    try:
        client.delete_traces(experiment_id, trace_ids=[trace_id])
    except MlflowException as error:
        return f"trace {trace_id} could not be deleted: {error.message}"
    return ""


def _spans(trace_id: bytes) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = NAME
    scope = resource.scope_spans.add()
    now, ids = time.time_ns(), {name: secrets.token_bytes(8) for name in TREE}
    for name, above in TREE.items():
        span = scope.spans.add(trace_id=trace_id, span_id=ids[name], name=name)
        span.parent_span_id = ids[above] if above is not None else b""
        span.start_time_unix_nano, span.end_time_unix_nano = now, now + 1_000_000
        span.status.code = span.status.STATUS_CODE_OK
        add_attributes(span, {"mlflow.spanType": "UNKNOWN"})
    return bytes(request.SerializeToString())


def _info() -> bytes:
    info = {
        "client_request_id": secrets.token_hex(8),
        "request_time_ms": time.time_ns() // 1_000_000,
        "execution_duration_ms": 1,
        "state": "OK",
        "tags": {"mlflow.traceName": NAME},
    }
    return json.dumps(info).encode()
