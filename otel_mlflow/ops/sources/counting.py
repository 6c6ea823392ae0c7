"""The answers to the statements, put together into figures; the same for every backend that speaks SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.sources import statements
from otel_mlflow.ops.summary import Figures, Row

Ask = Callable[[str], list[Row]]
"""Runs one statement; answers its rows by column."""

NO_LATENCY: Row = {"p50_ms": None, "p95_ms": None, "p99_ms": None}
NO_REQUESTS: Row = {"requests": 0, "errors": 0, "cancelled": 0, **NO_LATENCY}


def count(ask: Ask, question: Question) -> Figures:
    """Ask for everything that the page shows."""
    totals = ask(statements.TOTALS)[0] | ask(statements.PEOPLE)[0]
    totals["new_users"] = totals["users"] - totals["returning_users"]
    return Figures(
        totals=totals | next(iter(_latency(ask, statements.TOTAL_LATENCY).values()), NO_LATENCY),
        series=filled(
            _with_latency(ask, statements.SERIES, statements.SERIES_LATENCY, "time"),
            question,
            question.step_ms,
            NO_REQUESTS,
        ),
        hours=filled(ask(statements.HOURS), question, HOUR, {"requests": 0}),
        routes=_with_latency(ask, statements.ROUTES, statements.ROUTES_LATENCY, "route"),
        statuses=ask(statements.STATUSES),
        models=ask(statements.MODELS),
        users=ask(statements.USERS),
        sessions=ask(statements.SESSIONS),
        slowest=[one_request(row) for row in ask(statements.SLOWEST)],
        failing=[one_request(row) for row in ask(statements.FAILING)],
        tools=ask(statements.TOOLS),
        feedback=judgements(ask(statements.FEEDBACK)),
    )


def filled(rows: list[Row], question: Question, step_ms: int, nothing: Row) -> list[Row]:
    """A row for each step of the window, also for those in which nothing happened."""
    found = {row["time"]: row for row in rows}
    first = question.start_ms - question.start_ms % step_ms
    return [found.get(time, {"time": time, **nothing}) for time in range(first, question.end_ms, step_ms)]


def one_request(row: Row) -> Row:
    """A request whose outcome is a word."""
    failed, cancelled = row.pop("failed"), row.pop("cancelled")
    return {**row, "outcome": "error" if failed else "cancelled" if cancelled else "ok"}


def judgements(rows: Iterable[Row]) -> list[Row]:
    """One row for each name, with how often each value was given, and the mean: true is 1, false is 0."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["name"], {"name": row["name"], "given": 0, "values": {}, "mean": None, "_sum": 0.0})
        one["given"] += row["given"]
        one["values"][row["value"]] = row["given"]
        if row["mean"] is not None:
            one["_sum"] += row["mean"] * row["given"]
            one["mean"] = one["_sum"] / one["given"]
    return [{key: value for key, value in one.items() if key != "_sum"} for one in found.values()]


def _with_latency(ask: Ask, counts: str, latency: str, key: str) -> list[Row]:
    latencies = _latency(ask, latency)
    return [row | latencies.get(row[key], NO_LATENCY) for row in ask(counts)]


def _latency(ask: Ask, statement: str) -> dict[Any, Row]:
    return {row.pop("by_"): row for row in ask(statement)}
