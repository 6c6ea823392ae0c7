"""Single requests: the slowest, the latest that failed, the latest of all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk, Place
from otel_mlflow.ops.index.blocks import read_blocks
from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.index.entry import ERROR
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.sources.base import MOST_ROWS
from otel_mlflow.ops.summary import Row

OUTCOMES = ("ok", "error", "cancelled")
WORDS = ("experiment", "route", "error_type", "user", "session")


class Largest:
    """The rows with the largest values, with all that are as large as the last of them."""

    def __init__(self) -> None:
        self._found: list[tuple[int, Place]] = []

    def add(self, chunk: Chunk, values: Array, rows: Array) -> None:
        """Look at some more."""
        if len(values) > MOST_ROWS:
            large = values >= np.partition(values, -MOST_ROWS)[-MOST_ROWS]
            values, rows = values[large], rows[large]
        self._found += [(value, chunk.place(row)) for value, row in zip(values.tolist(), rows.tolist(), strict=True)]
        self._found.sort(key=lambda one: -one[0])
        if len(self._found) > MOST_ROWS:
            least = self._found[MOST_ROWS - 1][0]
            self._found = [one for one in self._found if one[0] >= least]

    def places(self) -> list[Place]:
        """Where they are."""
        return [place for _, place in self._found]


class Requests:
    """Lists of requests."""

    def __init__(self) -> None:
        self._slowest, self._failing, self._latest = Largest(), Largest(), Largest()

    def add(self, chunk: Chunk) -> None:
        """Look for some."""
        durations, times = chunk.traces["duration"], chunk.traces["time"]
        is_timed, is_failed = durations >= 0, chunk.traces["outcome"] == ERROR
        self._slowest.add(chunk, durations[is_timed], chunk.rows[is_timed])
        self._failing.add(chunk, times[is_failed], chunk.rows[is_failed])
        self._latest.add(chunk, times, chunk.rows)

    def slowest(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The slowest first."""
        rows = requests_at(db, words, self._slowest.places()).values()
        return sorted(rows, key=lambda row: (-row["duration_ms"], row["trace_id"]))[:MOST_ROWS]

    def failing(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The latest first."""
        return _latest_first(requests_at(db, words, self._failing.places()).values())

    def latest(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The latest first."""
        return _latest_first(requests_at(db, words, self._latest.places()).values())


def _latest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row["time"], row["trace_id"]))[:MOST_ROWS]


def requests_at(db: sqlite3.Connection, words: Words, places: Iterable[Place]) -> dict[Place, Row]:
    """What there is to tell of the requests in these places."""
    found: dict[Place, Row] = {}
    wanted = sorted(set(places))
    for start in sorted({place.start_ms for place in wanted}):
        (block,) = read_blocks(db, start, start + 1)
        columns = block.relations["trace"]
        for place in wanted:
            if place.start_ms == start:
                found[place] = {name: column[place.row : place.row + 1].tolist()[0] for name, column in columns.items()}
    texts = {kind: words.texts(kind, {one[kind] for one in found.values()}) for kind in WORDS}
    for place, one in found.items():
        one.update({kind: texts[kind].get(one[kind]) for kind in WORDS})
        found[place] = _shown(place, one)
    return found


def _shown(place: Place, trace: Row) -> Row:
    return {
        "trace_id": trace["trace_id"],
        "experiment": trace["experiment"],
        "time": place.start_ms + trace["time"],
        "route": trace["route"],
        "status_code": trace["status"] or None,
        "outcome": OUTCOMES[trace["outcome"]],
        "duration_ms": None if trace["duration"] < 0 else trace["duration"],
        "error_type": trace["error_type"],
        "user": trace["user"],
        "session": trace["session"],
        "request_id": trace["request_id"],
    }
