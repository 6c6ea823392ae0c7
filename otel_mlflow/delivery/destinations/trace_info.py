"""A record's info as MLflow's REST API wants it (`mlflow.protos.service_pb2.TraceInfoV3` as JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from packaging.version import Version

from otel_mlflow.delivery.records import SpooledTrace

CLIENT_REQUEST_ID_LENGTH = 50
"""Characters that MLflow's tracking store has room for (`SqlTraceInfo.client_request_id`)."""


SOURCE_RUN = "mlflow.sourceRun"
"""The metadata by which MLflow's UI leads from a trace to its run, and finds a run's traces."""


TAGS_IN_OTLP = Version("3.14")
"""An MLflow that surely makes tags of a root's attributes; older ones get a request for each trace."""


def is_told_by_otlp(version: Version | None) -> bool:
    """Whether MLflow of that version (None: unknown) works out from the spans what its lists show."""
    return version is not None and version >= TAGS_IN_OTLP


def needs_request(trace: SpooledTrace, version: Version | None) -> bool:
    """Whether MLflow of that version learns what is in the info from the info alone.

    `otel_mlflow.spans.records.root_attributes` has put all that OTLP carries on the root. A run is made on the way.
    """
    if not is_told_by_otlp(version):
        return True
    info = json.loads(trace.info)
    return "run" in info or bool(info.get("needs_request", True))


def trace_info(
    trace: SpooledTrace,
    experiment_id: str,
    run_id: str | None = None,
    previews: Mapping[str, str | None] = MappingProxyType({}),
) -> dict[str, Any]:
    """The body of `POST /api/3.0/mlflow/traces`.

    `run_id` is the run that was made of its request; `previews` stand in for those that user code has not set.
    """
    info = json.loads(trace.info)
    source_run = {SOURCE_RUN: run_id} if run_id is not None else {}
    sent = {
        "trace_id": trace.trace_id,
        "trace_location": experiment_location(experiment_id),
        "request_time": datetime.fromtimestamp(info["request_time_ms"] / 1000, timezone.utc).isoformat(),
        "execution_duration": f"{info['execution_duration_ms'] / 1000:.3f}s",
        "state": info["state"],
        "client_request_id": (info.get("client_request_id") or "")[:CLIENT_REQUEST_ID_LENGTH] or None,
        "request_preview": info.get("request_preview") or previews.get("request_preview"),
        "response_preview": info.get("response_preview") or previews.get("response_preview"),
        "trace_metadata": {**info.get("trace_metadata", {}), **source_run},
        "tags": info.get("tags", {}),
    }
    return {"trace": {"trace_info": {key: value for key, value in sent.items() if value is not None}}}


def latest_info(batch: Iterable[SpooledTrace]) -> list[SpooledTrace]:
    """Of each trace the last record that has info: it says all that the ones before it say."""
    return list({trace.trace_id: trace for trace in batch if trace.info}.values())


def experiment_location(experiment_id: str) -> dict[str, Any]:
    """The place of a trace that is in an experiment (`mlflow.protos.service_pb2.TraceLocation` as JSON)."""
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
