"""What the tests of Databricks send, and how they read it back."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow import Settings
from otel_mlflow.delivery.records import TraceRecord
from tests.delivering import spans_of
from tests.servers.workspace import USER

NAME = f"/Users/{USER}/agent"


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings of an app whose traces go to the workspace."""
    return Settings(tracking_uri="databricks", experiment_name=NAME, delivery={"spool_dir": folder / "spool"}, **more)


def read_back(client: MlflowClient, name: str = NAME) -> dict[str, Trace]:
    """All traces of an experiment, by id, as MLflow's client finds them."""
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    found = client.search_traces(locations=[experiment.experiment_id], max_results=500)
    return {trace.info.trace_id: trace for trace in found}


def fragment(whole: TraceRecord, spans: bytes) -> TraceRecord:
    """What ended later of the same trace."""
    return TraceRecord(whole.trace_id, spans, b"", None, counted=False)


def child_spans(trace_id: str, root: bytes) -> bytes:
    """One span below a root that is elsewhere."""
    request = ExportTraceServiceRequest.FromString(spans_of(bytes.fromhex(trace_id.removeprefix("tr-")), spans=1))
    [span] = request.resource_spans[0].scope_spans[0].spans
    span.name, span.parent_span_id = "late", root
    return request.SerializeToString()


def root_of(record: TraceRecord) -> bytes:
    """The id of a record's root span."""
    request = ExportTraceServiceRequest.FromString(record.spans)
    return next(one.span_id for one in request.resource_spans[0].scope_spans[0].spans if not one.parent_span_id)


def feedback_on(trace_id: str) -> bytes:
    """What `log_feedback` writes down when bob finds an answer helpful."""
    times = {"create_time": "2026-01-01T00:00:00Z", "last_update_time": "2026-01-01T00:00:00Z"}
    assessment = {
        "assessment_id": f"a-{secrets.token_hex(16)}",
        "assessment_name": "helpful",
        "trace_id": trace_id,
        "source": {"source_type": "HUMAN", "source_id": "bob"},
        "feedback": {"value": True},
        **times,
    }
    return json.dumps({"assessment": assessment}).encode()
