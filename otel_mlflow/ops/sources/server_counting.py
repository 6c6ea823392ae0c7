"""What is asked of `QueryTraceMetrics`, and the answers put together into figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.sources.counting import NO_LATENCY, NO_REQUESTS, filled, judgements
from otel_mlflow.ops.sources.trace_metrics import PERCENTILES, Asked
from otel_mlflow.ops.summary import Figures, Missing, Row

CANCELLED = ("trace.tag.`otel_mlflow.outcome` = 'cancelled'",)
BY_STATUS = ("trace_name", "trace_status")
LATENCY = tuple(PERCENTILES)

_UNGROUPED = "MLflow's server does not group by it (`QueryTraceMetrics`); a sqlite:/// store or Unity Catalog does"
MISSING = tuple(
    Missing(figure, _UNGROUPED)
    for figure in (
        *("users", "sessions", "statuses", "totals.users", "totals.new_users", "totals.returning_users"),
        *("models.input_tokens", "models.output_tokens", "models.total_tokens"),
    )
)


def questions(question: Question) -> dict[str, Asked]:
    """Everything that is asked of `QueryTraceMetrics`."""
    step = question.step_ms
    tokens = {name: Asked("TRACES", name, ("SUM",)) for name in ("input_tokens", "output_tokens", "total_tokens")}
    return tokens | {
        "latency": Asked("TRACES", "latency", LATENCY),
        "session_count": Asked("TRACES", "session_count", ("COUNT",)),
        "routes": Asked("TRACES", "trace_count", ("COUNT",), BY_STATUS),
        "routes_cancelled": Asked("TRACES", "trace_count", ("COUNT",), ("trace_name",), CANCELLED),
        "routes_latency": Asked("TRACES", "latency", LATENCY, ("trace_name",)),
        "series": Asked("TRACES", "trace_count", ("COUNT",), ("trace_status",), step_ms=step),
        "series_cancelled": Asked("TRACES", "trace_count", ("COUNT",), (), CANCELLED, step),
        "series_latency": Asked("TRACES", "latency", LATENCY, step_ms=step),
        "hours": Asked("TRACES", "trace_count", ("COUNT",), step_ms=HOUR),
        "calls": Asked("SPANS", "span_count", ("COUNT",), ("span_model_name",)),
        "cost": Asked("SPANS", "total_cost", ("SUM",), ("span_model_name",)),
        "tools": Asked("SPANS", "span_count", ("COUNT",), ("span_name", "span_status"), ("span.type = 'TOOL'",)),
        "feedback": Asked("ASSESSMENTS", "assessment_count", ("COUNT",), ("assessment_name", "assessment_value")),
        "feedback_mean": Asked("ASSESSMENTS", "assessment_value", ("AVG",), ("assessment_name",)),
    }


def counted(found: dict[str, list[Row]], question: Question, lists: dict[str, Any]) -> Figures:
    """The figures, from the answers by name and the lists that were searched for."""
    routes = _with_latency(_by_status(found, "routes", "trace_name"), found["routes_latency"], "trace_name")
    series = _with_latency(_by_status(found, "series", "time"), found["series_latency"], "time")
    return Figures(
        totals=_totals(found, routes),
        series=filled(series, question, question.step_ms, NO_REQUESTS),
        hours=filled(
            [{"time": r["time"], "requests": _whole(r)} for r in found["hours"]], question, HOUR, {"requests": 0}
        ),
        routes=_largest(({"route": row.pop("trace_name"), **row} for row in routes), "requests", "route"),
        models=_models(found),
        tools=_tools(found["tools"]),
        feedback=_feedback(found),
        missing=list(MISSING),
        **lists,
    )


def _totals(found: dict[str, list[Row]], routes: list[Row]) -> Row:
    counts = {name: sum(row[name] for row in routes) for name in ("requests", "errors", "cancelled")}
    tokens = {name: int(_only(found[name], "SUM")) for name in ("input_tokens", "output_tokens", "total_tokens")}
    return {
        **counts,
        **tokens,
        "cost": sum(row["SUM"] for row in found["cost"]),
        "users": None,
        "sessions": int(_only(found["session_count"], "COUNT")),
        "returning_users": None,
        "new_users": None,
        **(found["latency"][0] if found["latency"] else NO_LATENCY),
    }


def _by_status(found: dict[str, list[Row]], name: str, key: str) -> list[Row]:
    """Requests and errors by something; what was cancelled is ERROR to MLflow, and no error here."""
    cancelled = {row[key]: _whole(row) for row in found[f"{name}_cancelled"]}
    rows: dict[Any, Row] = {}
    for point in found[name]:
        row = rows.setdefault(point[key], {key: point[key], "requests": 0, "errors": 0, "cancelled": 0})
        row["requests"] += _whole(point)
        row["errors"] += _whole(point) if point["trace_status"] == "ERROR" else 0
    for row in rows.values():
        row["cancelled"] = cancelled.get(row[key], 0)
        row["errors"] -= row["cancelled"]
    return list(rows.values())


def _with_latency(rows: list[Row], latencies: list[Row], key: str) -> list[Row]:
    by_key = {row.pop(key): row for row in latencies}
    return [row | by_key.get(row[key], NO_LATENCY) for row in rows]


def _models(found: dict[str, list[Row]]) -> list[Row]:
    costs = {row["span_model_name"]: row["SUM"] for row in found["cost"]}
    unknown = {"input_tokens": None, "output_tokens": None, "total_tokens": None}
    rows = [
        {"model": (name := row["span_model_name"]), "calls": _whole(row), **unknown, "cost": costs.get(name, 0.0)}
        for row in found["calls"]
    ]
    return _largest(rows, "calls", "model")


def _tools(points: list[Row]) -> list[Row]:
    rows: dict[str, Row] = {}
    for point in points:
        row = rows.setdefault(point["span_name"], {"tool": point["span_name"], "calls": 0, "failures": 0})
        row["calls"] += _whole(point)
        row["failures"] += _whole(point) if point["span_status"] == "ERROR" else 0
    return sorted(rows.values(), key=lambda row: (-row["failures"], -row["calls"], row["tool"]))


def _feedback(found: dict[str, list[Row]]) -> list[Row]:
    means = {row["assessment_name"]: row["AVG"] for row in found["feedback_mean"]}
    return judgements(
        {
            "name": row["assessment_name"],
            "value": row["assessment_value"],
            "given": _whole(row),
            "mean": means.get(row["assessment_name"]),
        }
        for row in found["feedback"]
    )


def _largest(rows: Iterable[Row], size: str, name: str) -> list[Row]:
    return sorted(rows, key=lambda row: (-row[size], row[name]))


def _only(points: list[Row], value: str) -> float:
    return points[0][value] if points else 0


def _whole(point: Row) -> int:
    return int(point["COUNT"])
