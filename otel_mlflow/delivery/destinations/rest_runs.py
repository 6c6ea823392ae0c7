"""Runs over MLflow's REST API."""

from __future__ import annotations

import math
from typing import Any

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from, text_from, unexpected
from otel_mlflow.backends.response import Response
from otel_mlflow.delivery.destinations.request_runs import TRACE_TAG, RequestRun

RUNS = "/api/2.0/mlflow/runs"


class RestRuns:
    """The runs of the backend that `client` talks to; `backend` is its name for people."""

    def __init__(self, client: HttpClient, backend: str) -> None:
        self._client = client
        self._backend = backend

    def find(self, experiment_id: str, trace_id: str) -> str | None:
        """Search by the tag."""
        condition = f"tags.`{TRACE_TAG}` = '{trace_id}'"
        response = self._ask("search", {"experiment_ids": [experiment_id], "filter": condition, "max_results": 1})
        runs = json_from(response, self._backend).get("runs") or []
        try:
            return str(runs[0]["info"]["run_id"]) if runs else None
        except (KeyError, TypeError) as error:
            raise unexpected(response, self._backend) from error

    def create(self, experiment_id: str, run: RequestRun) -> str:
        """Make it; who ran it is in its tags."""
        wanted = {
            "experiment_id": experiment_id,
            "run_name": run.name,
            "start_time": run.start_time_ms,
            "tags": _pairs(run.tags),
        }
        return text_from(self._ask("create", wanted), self._backend, "run", "info", "run_id")

    def set_tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Log a batch of tags."""
        self._change("log-batch", {"run_id": run_id, "tags": _pairs(tags)})

    def log(self, run_id: str, params: dict[str, str], metrics: dict[str, float], at_ms: int) -> None:
        """Log a batch."""
        logged = {
            "run_id": run_id,
            "params": _pairs(params),
            "metrics": [
                {"key": key, "value": _number(value), "timestamp": at_ms, "step": 0} for key, value in metrics.items()
            ],
        }
        self._change("log-batch", logged)

    def finish(self, run_id: str, run: RequestRun) -> None:
        """Update it."""
        ending = {"run_id": run_id, "status": run.status, "end_time": run.end_time_ms, "run_name": run.name}
        self._change("update", ending)

    def end(self, run_id: str, status: str, end_time_ms: int) -> None:
        """Update it."""
        self._change("update", {"run_id": run_id, "status": status, "end_time": end_time_ms})

    def _ask(self, what: str, value: dict[str, Any]) -> Response:
        return self._client.post_json(f"{RUNS}/{what}", value)

    def _change(self, what: str, value: dict[str, Any]) -> None:
        json_from(self._ask(what, value), self._backend)


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _number(value: float) -> float | str:
    """Protobuf's JSON writes what is no number as text (protobuf.dev/programming-guides/json)."""
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"
