"""A trace's info as a workspace takes it."""

from __future__ import annotations

from typing import Any

from otel_mlflow.delivery.destinations.trace_info import trace_info
from otel_mlflow.delivery.records import SpooledTrace

METADATA_LENGTH = 250
"""Characters of a piece of metadata, to which MLflow's own client cuts it
(`mlflow.tracing.constant.MAX_CHARS_IN_TRACE_INFO_METADATA`). MLflow's own server has room for more."""


def workspace_info(trace: SpooledTrace, experiment_id: str, run_id: str | None) -> dict[str, Any]:
    """`TraceInfo` as JSON; `run_id` is the run that was made of its request."""
    info: dict[str, Any] = trace_info(trace, experiment_id, run_id)["trace"]["trace_info"]
    metadata = {key: str(value)[:METADATA_LENGTH] for key, value in info["trace_metadata"].items()}
    return {**info, "trace_metadata": metadata}
