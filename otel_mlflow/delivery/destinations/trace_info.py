"""A record's info as MLflow's REST API wants it (`mlflow.protos.service_pb2.TraceInfoV3` as JSON)."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from otel_mlflow.delivery.records import SpooledTrace

CLIENT_REQUEST_ID_LENGTH = 50
"""Characters that MLflow's tracking store has room for (`SqlTraceInfo.client_request_id`)."""


def trace_info(trace: SpooledTrace, experiment_id: str) -> dict[str, Any]:
    """The body of `POST /api/3.0/mlflow/traces`."""
    info = json.loads(trace.info)
    sent = {
        "trace_id": trace.trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}},
        "request_time": datetime.fromtimestamp(info["request_time_ms"] / 1000, timezone.utc).isoformat(),
        "execution_duration": f"{info['execution_duration_ms'] / 1000:.3f}s",
        "state": info["state"],
        "client_request_id": (info.get("client_request_id") or "")[:CLIENT_REQUEST_ID_LENGTH] or None,
        "request_preview": info.get("request_preview"),
        "response_preview": info.get("response_preview"),
        "trace_metadata": info.get("trace_metadata", {}),
        "tags": info.get("tags", {}),
    }
    return {"trace": {"trace_info": {key: value for key, value in sent.items() if value is not None}}}
