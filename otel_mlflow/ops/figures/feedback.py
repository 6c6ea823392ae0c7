"""Feedback: how often each value was given, and the latest that was bad or in somebody's own words."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk, TracePosition
from otel_mlflow.ops.figures.requests import requests_at
from otel_mlflow.ops.figures.sums import SparseSums
from otel_mlflow.ops.index.blocks import read_blocks
from otel_mlflow.ops.index.columns import Columns
from otel_mlflow.ops.index.rollup import rows_of_largest
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.sources.base import MOST_ROWS
from otel_mlflow.ops.sources.counting import feedback_by_name
from otel_mlflow.ops.summary import Row

TEXTS = ("assessment.row", "assessment.text", "assessment.name")


class ListedFeedback(NamedTuple):
    """Feedback that may be listed; name and value are numbers of words."""

    time: int
    place: TracePosition
    name: int
    value: int


class FeedbackFigures:
    """What was thought of the requests."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._values = words.size("value")
        self._sums = SparseSums()
        self._disliked: list[ListedFeedback] = []
        self._comments: list[ListedFeedback] = []

    def add(self, chunk: Chunk) -> None:
        """Count."""
        given = chunk.rows("by_value")
        self._sums.add(given["name"].astype(np.int64) * self._values + given["value"], (given["given"], given["total"]))
        self._disliked = _latest_of(self._disliked + _found(chunk, chunk.rows("disliked")))
        self._comments = _latest_of(self._comments + _found(chunk, chunk.rows("comments")))

    def rows(self) -> list[Row]:
        """By name."""
        pairs, sums = self._sums.sums()
        found = [divmod(pair, self._values) for pair in pairs.tolist()]
        names = self._words.texts("name", {name for name, _ in found})
        values = self._words.texts("value", {value for _, value in found})
        rows = [
            {
                "name": names[name],
                "value": values.get(value),
                "given": int(given),
                "total": total,
                "numbers": int(given) if value else 0,
            }
            for (name, value), given, total in zip(found, *(column.tolist() for column in sums), strict=True)
        ]
        return feedback_by_name(sorted(rows, key=lambda row: (-row["given"], row["value"] or "")))

    def disliked(self, db: sqlite3.Connection) -> list[Row]:
        """The latest that were given 0."""
        names = self._words.texts("name", {one.name for one in self._disliked})
        values = self._words.texts("value", {one.value for one in self._disliked})
        return self._latest(db, [(one.place, names[one.name], values[one.value]) for one in self._disliked])

    def comments(self, db: sqlite3.Connection) -> list[Row]:
        """The latest texts."""
        found: list[tuple[TracePosition, str, str]] = []
        for place in sorted({one.place for one in self._comments}):
            (block,) = read_blocks(db, place.start_ms, place.start_ms + 1, TEXTS)
            given = block.relations["assessment"]
            names = self._words.texts("name", set(given["name"].tolist()))
            for row in np.flatnonzero(given["row"] == place.row).tolist():
                if given["text"][row] is not None:
                    found.append((place, names[int(given["name"][row])], given["text"][row]))
        return self._latest(db, found)

    def _latest(self, db: sqlite3.Connection, found: list[tuple[TracePosition, str, str]]) -> list[Row]:
        traces = requests_at(db, self._words, {place for place, _, _ in found})
        rows = [
            {"name": name, "value": value, **{key: traces[place][key] for key in ("time", "trace_id", "experiment")}}
            for place, name, value in found
        ]
        return sorted(rows, key=lambda row: (-row["time"], row["trace_id"]))[:MOST_ROWS]


def _found(chunk: Chunk, given: Columns) -> list[ListedFeedback]:
    latest = rows_of_largest(given["time"], given["time"])
    rows = zip(*(given[name][latest].tolist() for name in ("time", "row", "name", "value")), strict=True)
    return [ListedFeedback(time, chunk.place(row), name, value) for time, row, name, value in rows]


def _latest_of(rows: list[ListedFeedback]) -> list[ListedFeedback]:
    """The latest, with all that are of the same time as the last of them."""
    rows = sorted(rows, key=lambda row: -row.time)
    return [row for row in rows if row.time >= rows[MOST_ROWS - 1].time] if len(rows) > MOST_ROWS else rows
