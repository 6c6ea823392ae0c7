"""A delivery that keeps traces in memory and reads them as an MLflow server would."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.json_format import ParseDict
from mlflow.entities import Assessment, Span, Trace, TraceData, TraceInfo, TraceLocation, TraceState
from mlflow.protos.service_pb2 import CreateAssessment
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow.backends.received_spans import received_span
from otel_mlflow.delivery.ingest_queue import Written
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.mlflow.translation import as_stored

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord
    from otel_mlflow.spans.trace import OpenTrace


class MemoryDelivery:
    """Takes finished traces; writes them down when somebody looks, so that late spans are in."""

    def __init__(self) -> None:
        self._waiting: deque[OpenTrace | Written] = deque()
        self._records: dict[str, list[TraceRecord]] = {}
        self._assessments: dict[str, list[Assessment]] = {}
        self._read: dict[str, Trace] = {}
        """What the records of a trace come down to, until there is another."""
        self._lock = threading.Lock()

    def put(self, trace: OpenTrace) -> None:
        """Take a trace of which something is finished."""
        self._waiting.append(trace)

    def put_written(self, record: TraceRecord) -> None:
        """Take more of a trace, which is written down already."""
        self._waiting.append(Written(record, counted=False))

    def let_writer_in(self) -> None:
        """Nobody writes before somebody looks."""

    def put_feedback(self, trace_id: str, payload: bytes) -> bool:
        """Take an assessment of a trace. What else is said about one goes to a server alone."""
        said = json.loads(payload)
        if "assessment" in said:
            self._assessments.setdefault(trace_id, []).append(_assessment(said))
            self._read.pop(trace_id, None)
        return True

    def count(self, outcome: str) -> None:
        """Requests that leave no trace are nothing to see."""

    def traces(self) -> list[Trace]:
        """All traces so far, oldest first."""
        with self._lock:
            while self._waiting:
                record = self._waiting.popleft().encode()
                self._records.setdefault(record.trace_id, []).extend(record.split())
                self._read.pop(record.trace_id, None)
            return [self._read_trace(trace_id) for trace_id in self._records]

    def _read_trace(self, trace_id: str) -> Trace:
        if trace_id not in self._read:
            self._read[trace_id] = _trace(trace_id, self._records[trace_id], self._assessments.get(trace_id, []))
        return self._read[trace_id]


def _assessment(said: dict[str, Any]) -> Assessment:
    request: Any = ParseDict(said, CreateAssessment())
    return cast("Assessment", Assessment.from_proto(request.assessment))  # type: ignore[no-untyped-call]


def _trace(trace_id: str, records: list[TraceRecord], assessments: list[Assessment]) -> Trace:
    # A span that is sent again takes the place of the one before.
    spans = {span.span_id: span for record in records for span in _spans(record)}
    info: dict[str, Any] = next((json.loads(record.info) for record in reversed(records) if record.info), {})
    return Trace(
        TraceInfo(
            trace_id=trace_id,
            trace_location=TraceLocation.from_experiment_id("0"),
            request_time=info.get("request_time_ms", 0),
            state=TraceState(info.get("state", "STATE_UNSPECIFIED")),
            request_preview=info.get("request_preview"),
            response_preview=info.get("response_preview"),
            client_request_id=info.get("client_request_id"),
            execution_duration=info.get("execution_duration_ms"),
            trace_metadata=info.get("trace_metadata", {}),
            tags=info.get("tags", {}),
            assessments=assessments,
        ),
        TraceData(sorted(spans.values(), key=lambda span: span.start_time_ns)),
    )


def _spans(record: TraceRecord) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(record.spans)
    protos = [span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]
    return [Span.from_dict(_translated(received_span(proto))) for proto in protos]


def _translated(span: Span) -> dict[str, Any]:
    """The span as MLflow's store keeps it."""
    given: dict[str, Any] = span.to_dict()
    if not INTEGRATIONS.works("mlflow_translation"):
        return given
    return as_stored(given)
