"""The two calls of MLflow's REST API that figures can be had from (`QueryTraceMetrics`, `SearchTracesV3`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Row

MOST_POINTS = 1000
"""What the server answers at most (`MAX_RESULTS_QUERY_TRACE_METRICS`); it says when there is more."""

PERCENTILES = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}


class NoMetricsError(MisconfigurationError):
    """The server is of a time before `QueryTraceMetrics`."""


@dataclass(frozen=True)
class Asked:
    """One question to `QueryTraceMetrics`: a metric of a view (`TRACES`, `SPANS`, `ASSESSMENTS`), by dimensions."""

    view: str
    metric: str
    aggregations: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    step_ms: int | None = None


class TraceMetrics:
    """Asks one server about one experiment."""

    def __init__(self, client: HttpClient, backend: str, experiment_id: str) -> None:
        self._client = client
        self._backend = backend
        self._experiment_id = experiment_id

    def points(self, asked: Asked, question: Question) -> list[Row]:
        """The data points, dimensions and values side by side. Raises `NoMetricsError` where the server has none."""
        body: dict[str, Any] = {
            "experiment_ids": [self._experiment_id],
            "view_type": asked.view,
            "metric_name": asked.metric,
            "aggregations": [_aggregation(name) for name in asked.aggregations],
            "dimensions": list(asked.dimensions),
            "filters": [*conditions(question, "trace"), *asked.filters],
            "start_time_ms": question.start_ms,
            "end_time_ms": question.end_ms - 1,
            "max_results": MOST_POINTS,
        }
        if asked.step_ms is not None:
            body["time_interval_seconds"] = asked.step_ms // 1000
        response = self._client.post_json("/api/3.0/mlflow/traces/metrics", body)
        if response.status in (404, 405):
            raise NoMetricsError(f"{self._backend} does not know trace metrics", "upgrade it to MLflow 3.17 or newer")
        return [_point(found) for found in self._checked(response).get("data_points", ())]

    def search(self, question: Question, *, order: str, limit: int, condition: str | None = None) -> list[Row]:
        """The first requests in an order."""
        within = [f"trace.timestamp_ms >= {question.start_ms}", f"trace.timestamp_ms < {question.end_ms}"]
        body = {
            "locations": [
                {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": self._experiment_id}},
            ],
            "filter": " AND ".join([*within, *conditions(question, ""), *([condition] if condition else [])]),
            "max_results": limit,
            "order_by": [order],
        }
        response = self._client.post_json("/api/3.0/mlflow/traces/search", body)
        return [_request(found) for found in self._checked(response).get("traces", ())]

    def _checked(self, response: Response) -> dict[str, Any]:
        if response.status != 200:
            raise error_for(response, self._backend)
        found: dict[str, Any] = response.json()
        return found


def conditions(question: Question, prefix: str) -> list[str]:
    """Whose requests, as MLflow's filters; those of metrics have a prefix and the singular."""
    tag, metadata = ("trace.tag", "trace.metadata") if prefix else ("tags", "metadata")
    wanted = {
        f"{tag}.`mlflow.traceName`": question.route,
        f"{metadata}.`mlflow.trace.user`": question.user,
        f"{metadata}.`mlflow.trace.session`": question.session,
    }
    return [f"{name} = {_quoted(value)}" for name, value in wanted.items() if value is not None]


def _quoted(value: str) -> str:
    """MLflow's filters know two quotes, and no way to escape them."""
    if "'" in value and '"' in value:
        raise MisconfigurationError(f"MLflow's filters cannot hold {value!r}", "filter by something else")
    return f'"{value}"' if "'" in value else f"'{value}'"


def _aggregation(name: str) -> dict[str, Any]:
    if name in PERCENTILES:
        return {"aggregation_type": "PERCENTILE", "percentile_value": PERCENTILES[name]}
    return {"aggregation_type": name}


def _point(found: dict[str, Any]) -> Row:
    names = {f"P{share}": name for name, share in PERCENTILES.items()}
    values = {names.get(name, name): value for name, value in found.get("values", {}).items()}
    dimensions = dict(found.get("dimensions", {}))
    if (bucket := dimensions.pop("time_bucket", None)) is not None:
        dimensions["time"] = round(datetime.fromisoformat(bucket).timestamp() * 1000)
    return dimensions | values


def _request(found: dict[str, Any]) -> Row:
    tags, metadata = found.get("tags", {}), found.get("trace_metadata", {})
    status = tags.get("http.status_code", "")
    return {
        "trace_id": found["trace_id"],
        "time": round(datetime.fromisoformat(found["request_time"].replace("Z", "+00:00")).timestamp() * 1000),
        "route": tags.get("mlflow.traceName", ""),
        "status_code": int(status) if status.isdigit() else None,
        "outcome": tags.get("otel_mlflow.outcome") or ("error" if found.get("state") == "ERROR" else "ok"),
        "duration_ms": _milliseconds(found.get("execution_duration")),
        "user": metadata.get("mlflow.trace.user"),
        "session": metadata.get("mlflow.trace.session"),
        "request_id": found.get("client_request_id"),
    }


def _milliseconds(duration: str | None) -> int | None:
    return None if duration is None else round(float(duration.removesuffix("s")) * 1000)
