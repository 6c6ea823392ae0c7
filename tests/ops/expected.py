"""The figures of the seed, computed from the seed alone: no SQL, nothing of the dashboard's."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

import numpy as np

from tests.ops.variety import DAY, HOUR, Call, Request

Row = dict[str, Any]
Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")

LISTED = 20
"""Requests, users and sessions in a list, as docs/ops.md says."""


def figures(seeded: Sequence[Request], start: int, end: int, step: int) -> dict[str, Any]:
    """Every figure of the requests that began from `start` until before `end`, as in the JSON."""
    within = [request for request in seeded if start <= request.time_ms < end]
    before = [request for request in seeded if 2 * start - end <= request.time_ms < start]
    earlier = {r.user for r in seeded if start - 28 * DAY <= r.time_ms < start}
    users = {r.user for r in within if r.user}
    calls = [call for request in within for call in request.calls]
    called = [(request, call) for request in within for call in request.calls]
    return {
        "totals": {
            **counts(within),
            **latency(within),
            **used(calls),
            "users": len(users),
            "returning_users": len(users & earlier),
            "new_users": len(users - earlier),
            "sessions": len({r.session for r in within if r.session}),
        },
        "previous": {**counts(before), **latency(before), **used([call for r in before for call in r.calls])},
        "series": series(within, start, end, step),
        "hours": [
            {"time": iso(time), "requests": len(some), "users": len({r.user for r in some if r.user})}
            for time, some in buckets(within, start, end, HOUR).items()
        ],
        "routes": beside(
            routes(within), routes(before), "requests", "errors", "cancelled", "p50_ms", "p95_ms", "p99_ms"
        ),
        "services": by_size(
            {"service": name, **counts(some)} for name, some in grouped(within, lambda r: r.service) if name
        ),
        "versions": versions(within),
        "errors": beside(
            errors([r for r in within if r.outcome == "error"]),
            errors([r for r in before if r.outcome == "error"]),
            "requests",
        ),
        "statuses": sorted(
            (
                {"status_code": code, "requests": len(some)}
                for code, some in grouped(within, lambda r: r.status_code)
                if code is not None
            ),
            key=lambda row: row["status_code"],
        ),
        "models": beside(
            models(within),
            models(before),
            *("calls", "input_tokens", "output_tokens", "total_tokens", "cost", "mean_ms"),
        ),
        "users": by_size(
            {
                "user": name,
                **counts(some),
                **used([call for r in some for call in r.calls]),
                "sessions": len({r.session for r in some}),
            }
            for name, some in grouped(within, lambda r: r.user)
            if name
        )[:LISTED],
        "sessions": by_size(
            {
                "session": name,
                "user": max(r.user or "" for r in some),
                **counts(some),
                "total_tokens": sum(r.tokens for r in some),
                "time": iso(max(r.time_ms for r in some)),
            }
            for name, some in grouped(within, lambda r: r.session)
            if name
        )[:LISTED],
        "slowest": [
            one(r)
            for r in sorted(within, key=lambda r: (-(r.duration_ms or 0), -r.time_ms, r.trace_id))[:LISTED]
            if r.duration_ms is not None
        ],
        "failing": [one(r) for r in sorted(within, key=lambda r: (-r.time_ms, r.trace_id)) if r.outcome == "error"][
            :LISTED
        ],
        "latest": [one(r) for r in sorted(within, key=lambda r: (-r.time_ms, r.trace_id))][:LISTED],
        "tools": tools([(request, *tool) for request in within for tool in request.tools]),
        "spans": spans([r for r in within if r.has_tag]),
        "model_series": spent_over_time("model", [(r, c.model, c.tokens, c.cost) for r, c in called], step),
        "user_series": spent_over_time("user", [(r, r.user, r.tokens, r.cost) for r in within if r.user], step),
        "feedback_series": feedback_series(within, step),
        "retention": retention([r for r in within if r.user not in earlier], start, end),
        "feedback": feedback([given for request in within for given in request.feedback]),
        "disliked": disliked(within),
        "comments": [],
    }


def beside(rows: Sequence[Row], before: Sequence[Row], *columns: str) -> list[Row]:
    """Each row with some columns of the same of the window before, by its first column."""
    known = {next(iter(row.values())): {column: row[column] for column in columns} for row in before}
    return [{**row, "previous": known.get(next(iter(row.values())))} for row in rows]


def routes(requests: Sequence[Request]) -> list[Row]:
    """The most asked for first."""
    return by_size(
        {"route": name, **counts(some), **latency(some), **first_byte(some)}
        for name, some in grouped(requests, lambda r: r.route)
    )


def models(requests: Sequence[Request]) -> list[Row]:
    """The most called first."""
    called = [(request, call) for request in requests for call in request.calls]
    return by_size(
        (
            {
                "model": name,
                "calls": len(some),
                **used([call for _, call in some]),
                **duration([request for request, _ in some]),
            }
            for name, some in grouped(called, lambda one: one[1].model)
        ),
        "calls",
    )


def first_byte(requests: Sequence[Request]) -> Row:
    """Of those that were measured."""
    waits = [request.ttfb_ms for request in requests if request.ttfb_ms is not None]
    return {f"ttfb_p{share}_ms": float(np.percentile(waits, share)) if waits else None for share in (50, 95)}


def errors(requests: Sequence[Request]) -> list[Row]:
    """By type, where it is known."""
    rows = [
        {
            "error_type": name,
            "requests": len(some),
            "routes": len({request.route for request in some}),
            "first": iso(min(request.time_ms for request in some)),
            "last": iso(max(request.time_ms for request in some)),
        }
        for name, some in grouped(requests, lambda r: r.error_type)
    ]
    return sorted(rows, key=lambda row: (-row["requests"], row["error_type"] or ""))


def disliked(requests: Sequence[Request]) -> list[Row]:
    """The latest that somebody was not content with."""
    rows = [
        {"name": name, "value": value_text(value), "time": iso(r.time_ms), "trace_id": r.trace_id}
        for r in sorted(requests, key=lambda r: (-r.time_ms, r.trace_id))
        for name, value in r.feedback
        if value in (False, "no")
    ]
    return rows[:LISTED]


def counts(requests: Sequence[Request]) -> Row:
    """How many, and how they ended."""
    outcomes = [request.outcome for request in requests]
    return {"requests": len(requests), "errors": outcomes.count("error"), "cancelled": outcomes.count("cancelled")}


def latency(requests: Sequence[Request]) -> Row:
    """By numpy's percentiles."""
    durations = [request.duration_ms for request in requests if request.duration_ms is not None]
    if not durations:
        return {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    return {f"p{share}_ms": float(np.percentile(durations, share)) for share in (50, 95, 99)}


def used(calls: Sequence[Call]) -> Row:
    """Tokens and cost."""
    return {
        "input_tokens": sum(call.input_tokens for call in calls),
        "output_tokens": sum(call.output_tokens for call in calls),
        "total_tokens": sum(call.tokens for call in calls),
        "cost": sum((call.cost for call in calls), 0.0),
    }


def series(requests: Sequence[Request], start: int, end: int, step: int) -> list[Row]:
    """Point by point."""
    return [
        {"time": iso(time), **counts(some), **latency(some), **spent(some)}
        for time, some in buckets(requests, start, end, step).items()
    ]


def spent(requests: Sequence[Request]) -> Row:
    """Of a point."""
    return {"total_tokens": sum(r.tokens for r in requests), "cost": sum((r.cost for r in requests), 0.0)}


def tools(calls: Sequence[tuple[Request, str, bool]]) -> list[Row]:
    """The ones that fail most come first."""
    rows = [
        {
            "tool": name,
            "calls": len(some),
            "failures": sum(not works for _, _, works in some),
            **duration([request for request, _, _ in some]),
        }
        for name, some in grouped(calls, lambda call: call[1])
    ]
    return sorted(rows, key=lambda row: (-row["failures"], -row["calls"], row["tool"]))


def spans(requests: Sequence[Request]) -> list[Row]:
    """The seed's spans are of tools, which have a list of their own, and of models, which all have one name."""
    callers = [request for request in requests for _ in request.calls]
    return [{"span": "model", "calls": len(callers), "failures": 0, **duration(callers)}] if callers else []


def spent_over_time(by: str, spent: Sequence[tuple[Request, str, int, float]], step: int) -> list[Row]:
    """Of the five with most tokens."""
    most = sorted(grouped(spent, lambda one: one[1]), key=lambda one: (-sum(row[2] for row in one[1]), one[0]))[:5]
    rows = [
        {
            "time": iso(time),
            by: name,
            "total_tokens": sum(tokens for _, _, tokens, _ in some),
            "cost": sum((cost for *_, cost in some), 0.0),
        }
        for name, of_one in most
        for time, some in grouped(of_one, lambda one: one[0].time_ms // step * step)
    ]
    return sorted((row for row in rows if row["total_tokens"]), key=lambda row: (row["time"], row[by]))


def feedback_series(requests: Sequence[Request], step: int) -> list[Row]:
    """Of the five kinds that were given most."""
    given = [(request.time_ms // step * step, *one) for request in requests for one in request.feedback]
    most = sorted(grouped(given, lambda one: one[1]), key=lambda one: (-len(one[1]), one[0]))[:5]
    rows = []
    for name, of_one in most:
        for time, some in grouped(of_one, lambda one: one[0]):
            numbers = [number_of(value) for _, _, value in some if not is_text(value)]
            mean = sum(numbers) / len(numbers) if numbers else None
            rows.append({"time": iso(time), "name": name, "given": len(some), "mean": mean})
    return sorted(rows, key=lambda row: (row["time"], row["name"]))


def retention(requests: Sequence[Request], start: int, end: int) -> list[Row]:
    """By day, in more than two weeks by week from Monday to Sunday; of windows of two days and more."""
    length = DAY if end - start <= 14 * DAY else 7 * DAY
    monday = 1_704_067_200_000  # 2024-01-01
    first = start - (start - monday) % length
    periods = list(range(first, end, length)) if end - start >= 2 * DAY else []
    came: dict[int, list[set[int]]] = defaultdict(list)
    for _, some in grouped([r for r in requests if r.user and periods], lambda r: r.user):
        visits = {(request.time_ms - first) // length for request in some}
        came[min(visits)].append(visits)
    return [
        {
            "time": iso(periods[began]),
            "users": len(users),
            "returned": [sum(later in visits for visits in users) for later in range(began + 1, len(periods))],
        }
        for began, users in sorted(came.items())
    ]


def duration(callers: Sequence[Request]) -> Row:
    """Of calls that took as long as the requests that they are part of."""
    took = [request.duration_ms or 1 for request in callers]
    percentiles = {f"p{share}_ms": float(np.percentile(list(map(rounded, took)), share)) for share in (50, 95, 99)}
    return {"mean_ms": sum(took) / len(took), "longest_ms": max(took), **percentiles}


def rounded(ms: int) -> int:
    """To seven binary digits: as exactly as durations of calls are known to an index."""
    unit = 1 << max(math.floor(math.log2(ms)) - 6, 0)
    return math.floor(ms / unit + 0.5) * unit


def versions(requests: Sequence[Request]) -> list[Row]:
    """Those that say which, the first that was seen first."""
    rows = [
        {
            "version": name,
            **counts(some),
            **latency(some),
            "first": iso(min(request.time_ms for request in some)),
            "last": iso(max(request.time_ms for request in some)),
        }
        for name, some in grouped([r for r in requests if r.version], lambda r: r.version)
    ]
    return sorted(rows, key=lambda row: (row["first"], row["version"]))


def feedback(given: Sequence[tuple[str, object]]) -> list[Row]:
    """By name."""
    rows = []
    for name, some in grouped(given, lambda one: one[0]):
        told: list[Any] = [value for _, value in some]
        values = [value_text(value) for value in told if not is_text(value)]
        numbers = [number_of(value) for value in told if not is_text(value)]
        rows.append(
            {
                "name": name,
                "given": len(some),
                "texts": len(some) - len(values),
                "values": {value: values.count(value) for value in set(values)},
                "mean": sum(numbers) / len(numbers) if numbers else None,
            }
        )
    return sorted(rows, key=lambda row: str(row["name"]))


NUMBERS: dict[object, float] = {"yes": 1.0, "no": 0.0}


def number_of(value: Any) -> float:
    """Yes is 1, no is 0."""
    return float(NUMBERS.get(value, value))


def is_text(value: object) -> bool:
    """Whether it is in somebody's own words."""
    return isinstance(value, str) and value not in NUMBERS


def value_text(value: object) -> str:
    """As in the JSON: MLflow keeps numbers as floats."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}.0" if isinstance(value, int) else str(value)


def one(request: Request) -> Row:
    """A request in a list."""
    return {
        "trace_id": request.trace_id,
        "time": iso(request.time_ms),
        "route": request.route,
        "status_code": request.status_code,
        "outcome": "ok" if request.outcome == "unfinished" else request.outcome,
        "error_type": request.error_type,
        "duration_ms": request.duration_ms,
        "user": request.user,
        "session": request.session,
        "request_id": request.request_id,
    }


def buckets(requests: Iterable[Request], start: int, end: int, step: int) -> dict[int, list[Request]]:
    """By time, the empty ones too."""
    found: dict[int, list[Request]] = {time: [] for time in range(start // step * step, end, step)}
    for request in requests:
        found[request.time_ms // step * step].append(request)
    return found


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> list[tuple[Key, list[Item]]]:
    """By a key."""
    found: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return list(found.items())


def by_size(rows: Iterable[Row], size: str = "requests") -> list[Row]:
    """The largest first; the first column decides between equals."""
    return sorted(rows, key=lambda row: (-row[size], next(iter(row.values()))))


def iso(time_ms: int) -> str:
    """As in the JSON."""
    return datetime.fromtimestamp(time_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(said: str) -> int:
    """The other way round."""
    return round(datetime.strptime(said, "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000)
