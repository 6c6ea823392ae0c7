"""The calls of MLflow's tracking API that a feed is made of, over REST or in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from otel_mlflow.errors import MisconfigurationError

Json = dict[str, Any]

PAGE_SIZE = 500
"""Trace infos in an answer: as many as MLflow gives."""

MOST_POINTS = 1000
"""Groups in an answer of `QueryTraceMetrics`, which has no second page (`MAX_RESULTS_QUERY_TRACE_METRICS`)."""


class NotOfferedError(MisconfigurationError):
    """The backend is of a time, or of a kind, that does not have this call."""


@dataclass(frozen=True)
class Scope:
    """Experiments, and the filter for the traces in them that are meant."""

    experiment_ids: Sequence[str]
    service: str | None = None


@dataclass(frozen=True)
class SpanSummary:
    """What figures need of a span."""

    name: str
    attributes: Mapping[str, Any]
    is_failed: bool
    duration_ms: int


class TraceApi(Protocol):
    """One backend. Raises `DeliveryError`."""

    def experiments(self) -> list[str]:
        """The ids of all that are not deleted, up to a thousand."""

    def search(self, scope: Scope, condition: str, *, limit: int, page_token: str | None) -> tuple[list[Json], str]:
        """Trace infos (`TraceInfoV3` as JSON), the newest first, and the token of the page after them."""

    def metrics(self, scope: Scope, measure: Measure, times: Times) -> list[Json]:
        """A measure (`QueryTraceMetrics`), by step. Raises `NotOfferedError`."""

    def spans(self, trace_ids: Sequence[str]) -> Mapping[str, list[SpanSummary]]:
        """The spans of traces. Raises `NotOfferedError`."""

    def close(self) -> None:
        """Disconnect."""


@dataclass(frozen=True)
class Times:
    """From when until before when, and in which steps; without steps, all at once."""

    start_ms: int
    end_ms: int
    step_ms: int | None = None


@dataclass(frozen=True)
class Measure:
    """What `QueryTraceMetrics` is asked for: a metric of a view (`TRACES`, `ASSESSMENTS`), aggregated."""

    view: str
    metric: str
    aggregation: str


TRACE_COUNT = Measure("TRACES", "trace_count", "COUNT")
ASSESSMENT_COUNT = Measure("ASSESSMENTS", "assessment_count", "COUNT")
MEAN_ASSESSMENT = Measure("ASSESSMENTS", "assessment_value", "AVG")
MEAN_LATENCY = Measure("TRACES", "latency", "AVG")


def metrics_request(scope: Scope, measure: Measure, times: Times) -> Json:
    """The body of `QueryTraceMetrics`."""
    body: Json = {
        "experiment_ids": list(scope.experiment_ids),
        "view_type": measure.view,
        "metric_name": measure.metric,
        "aggregations": [{"aggregation_type": measure.aggregation}],
        "start_time_ms": times.start_ms,
        "end_time_ms": times.end_ms - 1,
        "max_results": MOST_POINTS,
    }
    if scope.service is not None:
        body["filters"] = [f"trace.tag.`service.name` = {quoted(scope.service)}"]
    if times.step_ms is not None:
        body["time_interval_seconds"] = times.step_ms // 1000
    return body


def milliseconds(start_ns: Any, end_ns: Any) -> int:
    """How long a span took; 0 of one that has not ended."""
    return max(int(end_ns or 0) - int(start_ns or 0), 0) // 1_000_000


def search_filter(scope: Scope, condition: str) -> str:
    """The filter of `SearchTracesV3`."""
    service = f"tags.`service.name` = {quoted(scope.service)}" if scope.service is not None else ""
    return " AND ".join(part for part in (condition, service) if part)


def quoted(value: str) -> str:
    """MLflow's filters know two quotes, and no way to escape them."""
    if "'" in value and '"' in value:
        raise MisconfigurationError(
            f"MLflow's filters cannot hold {value!r}", "choose a service_name without both quotes"
        )
    return f'"{value}"' if "'" in value else f"'{value}'"
