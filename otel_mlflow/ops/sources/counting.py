"""The answers to the statements, put together into figures; and what all sources make their rows of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.sources import statements
from otel_mlflow.ops.sources.base import MOST_KINDS
from otel_mlflow.ops.sources.statements import LatencyBy
from otel_mlflow.ops.summary import Figures, Missing, Row
from otel_mlflow.pacing import paced


class Counter(Protocol):
    """What answers about one window of one backend."""

    def rows(self, statement: str) -> list[Row]:
        """Run one statement; answer its rows by column."""

    def latency(self, by: LatencyBy) -> dict[Any, Row]:
        """The percentiles of durations, by what `by` says."""


NO_LATENCY: Row = {"p50_ms": None, "p95_ms": None, "p99_ms": None}
NO_FIRST_BYTE: Row = {"ttfb_p50_ms": None, "ttfb_p95_ms": None}
NO_REQUESTS: Row = {"requests": 0, "errors": 0, "cancelled": 0, "total_tokens": 0, "cost": 0.0, **NO_LATENCY}

COMPARED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "routes": ("route", ("requests", "errors", "cancelled", "p50_ms", "p95_ms", "p99_ms")),
    "models": ("model", ("calls", "input_tokens", "output_tokens", "total_tokens", "cost", "mean_ms")),
    "errors": ("error_type", ("requests",)),
}
"""Lists whose rows tell of the window before, too: by what, and which figures."""

MOST_VALUES = 50
"""Values of one kind of feedback that are told one by one."""


def count(counter: Counter, before: Counter, question: Question) -> Figures:
    """Ask for everything that the page shows; `before` answers about the window before this one."""
    ask = counter.rows
    earlier = Figures(
        totals=_counts(before),
        routes=_routes(before),
        models=before.rows(statements.MODELS),
        errors=before.rows(statements.ERRORS),
    )
    figures = Figures(
        totals=_totals(counter),
        series=_series(counter, question),
        hours=filled(ask(statements.HOURS), question, HOUR, {"requests": 0, "users": 0}),
        routes=_routes(counter),
        services=ask(statements.SERVICES),
        versions=_versions(counter),
        statuses=ask(statements.STATUSES),
        errors=ask(statements.ERRORS),
        models=ask(statements.MODELS),
        users=ask(statements.USERS),
        sessions=ask(statements.SESSIONS),
        slowest=[one_request(row) for row in ask(statements.SLOWEST)],
        failing=[one_request(row) for row in ask(statements.FAILING)],
        latest=[one_request(row) for row in ask(statements.LATEST)],
        tools=ask(statements.TOOLS),
        spans=ask(statements.SPANS),
        model_series=ask(statements.MODEL_SERIES),
        user_series=ask(statements.USER_SERIES),
        feedback_series=ask(statements.FEEDBACK_SERIES),
        retention=_retention(counter, question),
        feedback=feedback_by_name(ask(statements.FEEDBACK)),
        disliked=ask(statements.DISLIKED),
        comments=ask(statements.COMMENTS),
    )
    figures.missing.extend(cut(figures))
    return compared(figures, earlier)


def compared(figures: Figures, before: Figures) -> Figures:
    """The same with those of the window before beside them."""
    rows: dict[str, Any] = {
        name: _beside(getattr(figures, name), getattr(before, name), by, columns)
        for name, (by, columns) in COMPARED.items()
    }
    return replace(figures, previous=before.totals, **rows)


def _beside(rows: Iterable[Row], before: Iterable[Row], by: str, columns: Iterable[str]) -> list[Row]:
    known = {row[by]: {name: row[name] for name in columns} for row in paced(before)}
    return [{**row, "previous": known.get(row[by])} for row in paced(rows)]


def filled(rows: list[Row], question: Question, step_ms: int, nothing: Row) -> list[Row]:
    """A row for each step of the window, also for those in which nothing happened."""
    found = {row["time"]: row for row in rows}
    first = question.start_ms - question.start_ms % step_ms
    return [found.get(time, {"time": time, **nothing}) for time in range(first, question.end_ms, step_ms)]


def one_request(row: Row) -> Row:
    """A request whose outcome is a word."""
    failed, cancelled = row.pop("failed"), row.pop("cancelled")
    return {**row, "outcome": "error" if failed else "cancelled" if cancelled else "ok"}


def feedback_by_name(rows: Iterable[Row]) -> list[Row]:
    """One row for each name: how often each value was given, how many texts, and the mean (true is 1, false is 0)."""
    found: dict[str, dict[str, Any]] = {}
    for row in paced(rows):
        nothing = {"name": row["name"], "given": 0, "texts": 0, "values": {}, "mean": None, "total": 0.0, "numbers": 0}
        one = found.setdefault(row["name"], nothing)
        one["given"] += row["given"]
        if row["value"] is None:
            one["texts"] += row["given"]
        elif len(one["values"]) < MOST_VALUES:
            one["values"][row["value"]] = row["given"]
        one["numbers"] += row["numbers"]
        one["total"] += row["total"] or 0.0
    for one in found.values():
        total, numbers = one.pop("total"), one.pop("numbers")
        one["mean"] = total / numbers if numbers else None
    return sorted(found.values(), key=lambda one: str(one["name"]))


def retention(counts: Iterable[tuple[int, int, int]], question: Question) -> list[Row]:
    """A row for each period in which users came first: how many, and of them in each period after it.

    `counts`: the number of the period, how many periods later, how many users.
    """
    starts = question.periods
    found: dict[int, list[int]] = {}
    for first, later, users in counts:
        found.setdefault(first, [0] * (len(starts) - first))[later] = users
    return [{"time": starts[first], "users": users[0], "returned": users[1:]} for first, users in sorted(found.items())]


def _retention(counter: Counter, question: Question) -> list[Row]:
    if not question.periods:
        return []
    rows = counter.rows(statements.RETENTION)
    return retention([(row["first_"], row["later"], row["users"]) for row in rows], question)


def _totals(counter: Counter) -> Row:
    totals = _counts(counter) | counter.rows(statements.PEOPLE)[0]
    return totals | {"new_users": totals["users"] - totals["returning_users"]}


def _counts(counter: Counter) -> Row:
    latency = next(iter(counter.latency("all").values()), NO_LATENCY)
    return counter.rows(statements.TOTALS)[0] | latency


def _series(counter: Counter, question: Question) -> list[Row]:
    latencies = counter.latency("step")
    rows = [row | latencies.get(row["time"], NO_LATENCY) for row in counter.rows(statements.SERIES)]
    return filled(rows, question, question.step_ms, NO_REQUESTS)


def _routes(counter: Counter) -> list[Row]:
    latencies = counter.latency("route")
    waits = {
        row["by_"]: {"ttfb_p50_ms": row["p50_ms"], "ttfb_p95_ms": row["p95_ms"]}
        for row in counter.rows(statements.ROUTES_FIRST_BYTE)
    }
    return [
        row | latencies.get(row["route"], NO_LATENCY) | waits.get(row["route"], NO_FIRST_BYTE)
        for row in counter.rows(statements.ROUTES)
    ]


def _versions(counter: Counter) -> list[Row]:
    latencies = counter.latency("version")
    return [row | latencies.get(row["version"], NO_LATENCY) for row in counter.rows(statements.VERSIONS)]


def cut(figures: Figures) -> Iterable[Missing]:
    """Lists that were longer."""
    for name in ("routes", "services", "versions", "errors", "models", "tools", "spans"):
        if len(getattr(figures, name)) >= MOST_KINDS:
            yield Missing(name, f"cut: the {MOST_KINDS} largest are listed; the totals count all")
