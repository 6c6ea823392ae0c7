"""Requests over time and by route, service, version, status code and type of error."""

from __future__ import annotations

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.percentiles import LATENCY, Percentiles
from otel_mlflow.ops.figures.sums import Sums, add_up, distinct
from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.rollups import SPENT
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.sources.base import MOST_KINDS
from otel_mlflow.ops.sources.counting import NO_FIRST_BYTE, NO_LATENCY, NO_REQUESTS, filled
from otel_mlflow.ops.summary import Row
from otel_mlflow.pacing import paced

FIRST_BYTE = ("ttfb_p50_ms", "ttfb_p95_ms"), (0.5, 0.95)
MICROSECOND = 0.001


class Totals:
    """All of a window."""

    def __init__(self) -> None:
        self._sums = Sums(1, SPENT)
        self._latency = Percentiles(*LATENCY)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        rows, durations = chunk.rows("all"), chunk.traces["duration"]
        self._sums.add(np.zeros(len(rows["time"]), np.int8), rows)
        self._latency.add(np.zeros(len(durations), np.int8), durations)

    def row(self) -> Row:
        """The figures."""
        return self._sums.row(0) | self._latency.rows().get(0, NO_LATENCY)


class TrafficOverTime:
    """The points of the charts: steps, and hours with their users."""

    def __init__(self, question: Question, words: Words) -> None:
        self._question = question
        self._steps = Steps(question, question.step_ms)
        self._hours = Steps(question, HOUR)
        self._sums = Sums(self._steps.size, ("total_tokens", "cost"))
        self._latency = Percentiles(*LATENCY)
        self._users = words.size("user")
        self._requests, self._people = np.zeros(self._hours.size), np.zeros(self._hours.size)

    def add(self, chunk: Chunk) -> None:
        """Count. An hour is never divided between chunks."""
        rows, users = chunk.rows("all"), chunk.rows("users")
        self._sums.add(self._steps.keys(rows["time"]), rows)
        self._latency.add(self._steps.keys(chunk.traces["time"]).astype(np.int16), chunk.traces["duration"])
        add_up(self._requests, self._hours.keys(rows["time"]), rows["requests"])
        pairs = distinct(self._hours.keys(users["time"]) * self._users + users["user"])
        add_up(self._people, pairs[pairs % self._users > 0] // self._users)

    def steps(self) -> list[Row]:
        """A row for each step."""
        latency = self._latency.rows()
        rows = [
            {"time": self._steps.time(key), **self._sums.row(key), **latency.get(key, NO_LATENCY)}
            for key in self._sums.seen()
        ]
        return filled(rows, self._question, self._question.step_ms, NO_REQUESTS)

    def hours(self) -> list[Row]:
        """A row for each hour."""
        return [
            {"time": self._hours.time(key), "requests": int(self._requests[key]), "users": int(self._people[key])}
            for key in range(self._hours.size)
        ]


class Steps:
    """Steps of a window, numbered from 0."""

    def __init__(self, question: Question, step_ms: int) -> None:
        self._first = question.start_ms // step_ms
        self._step = step_ms
        self.size = -(-question.end_ms // step_ms) - self._first

    def keys(self, times: Array) -> Array:
        """Of times, their steps."""
        return times // self._step - self._first

    def time(self, key: int) -> int:
        """When a step begins."""
        return (self._first + key) * self._step


class Routes:
    """Requests by route."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._sums = Sums(words.size("route"))
        self._latency, self._first_byte = Percentiles(*LATENCY), Percentiles(*FIRST_BYTE)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        rows, streamed = chunk.rows("by_route"), chunk.rows("streamed")
        self._sums.add(rows["route"], rows)
        self._latency.add(chunk.traces["route"], chunk.traces["duration"])
        self._first_byte.add(streamed["route"], np.round(streamed["first_byte"] * 1000).astype(np.int64))

    def rows(self) -> list[Row]:
        """The most asked for first."""
        more = self._latency.rows(), self._first_byte.rows(MICROSECOND)
        return _by_size(self._words, "route", self._sums, NO_LATENCY | NO_FIRST_BYTE, *more)


class Kinds:
    """Requests by service, version, status code."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._services, self._versions = Sums(words.size("service")), Sums(words.size("version"))
        self._statuses = np.zeros(words.size("status"))
        self._version_latency = Percentiles(*LATENCY)
        self._times = Extremes(words.size("version"))

    def add(self, chunk: Chunk) -> None:
        """Count."""
        services, versions, statuses = (chunk.rows(name) for name in ("by_service", "by_version", "by_status"))
        self._services.add(services["service"], services)
        self._versions.add(versions["version"], versions)
        self._times.add(versions["version"], versions)
        add_up(self._statuses, statuses["status"].astype(np.intp), statuses["requests"])
        self._version_latency.add(chunk.traces["version"], chunk.traces["duration"])

    def services(self) -> list[Row]:
        """Of those that say which."""
        return _by_size(self._words, "service", self._services, {})

    def versions(self) -> list[Row]:
        """Of those that say which, the first that was seen first."""
        more = self._version_latency.rows(), self._times.rows()
        rows = _by_size(self._words, "version", self._versions, NO_LATENCY, *more)
        return sorted(rows, key=lambda row: (row["first"], row["version"]))

    def statuses(self) -> list[Row]:
        """By code, of those that say which."""
        codes = self._words.texts("status", np.flatnonzero(self._statuses).tolist())
        rows = [{"status_code": int(code), "requests": int(self._statuses[key])} for key, code in codes.items()]
        return sorted(rows, key=lambda row: row["status_code"])


def _by_size(words: Words, name: str, sums: Sums, nothing: Row, *more: dict[int, Row]) -> list[Row]:
    found, requests = words.texts(name, sums.seen()), sums.requests.tolist()
    largest = sorted((-requests[key], text, key) for key, text in paced(found.items()))
    rows = []
    for _, text, key in paced(largest[:MOST_KINDS]):
        row = {name: text, **sums.row(key), **nothing}
        for known in more:
            row |= known.get(key, {})
        rows.append(row)
    return rows


class Errors:
    """Failed requests by type."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._requests = np.zeros(words.size("error_type"))
        self._times = Extremes(len(self._requests))
        self._all_routes = words.size("route")
        self._pairs: set[int] = set()

    def add(self, chunk: Chunk) -> None:
        """Count."""
        failed = chunk.rows("by_error")
        types = failed["error_type"]
        add_up(self._requests, types, failed["requests"])
        self._times.add(types, failed)
        self._pairs.update(distinct(types.astype(np.int64) * self._all_routes + failed["route"]).tolist())

    def rows(self) -> list[Row]:
        """The most frequent first; of some the type is not known."""
        keys = np.flatnonzero(self._requests).tolist()
        texts: dict[int, str] = self._words.texts("error_type", keys)
        routes = np.bincount([pair // self._all_routes for pair in self._pairs], minlength=len(self._requests))
        times = self._times.rows()
        rows = [
            {
                "error_type": texts.get(key),
                "requests": int(self._requests[key]),
                "routes": int(routes[key]),
                **times[key],
            }
            for key in keys
        ]
        return sorted(rows, key=lambda row: (-row["requests"], row["error_type"] or ""))[:MOST_KINDS]


class Extremes:
    """When each key was seen first and last."""

    def __init__(self, size: int) -> None:
        self._first = np.full(size, np.iinfo(np.int64).max)
        self._last = np.zeros(size, np.int64)

    def add(self, keys: Array, rows: Columns) -> None:
        """Take note."""
        np.minimum.at(self._first, keys, rows["first"])
        np.maximum.at(self._last, keys, rows["last"])

    def rows(self) -> dict[int, Row]:
        """By key."""
        seen = np.flatnonzero(self._last).tolist()
        return {key: {"first": int(self._first[key]), "last": int(self._last[key])} for key in seen}
