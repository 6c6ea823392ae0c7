"""Single requests: the slowest, the latest that failed, the latest of all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from otel_mlflow.ops.figures.chunk import Chunk, TracePosition
from otel_mlflow.ops.index.block import OF_TRACES
from otel_mlflow.ops.index.blocks import read_blocks
from otel_mlflow.ops.index.columns import Columns
from otel_mlflow.ops.index.rollup import rows_of_largest
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.sources.base import MOST_ROWS
from otel_mlflow.ops.summary import Row
from otel_mlflow.pacing import paced

OUTCOMES = ("ok", "error", "cancelled")
WORDS = ("experiment", "route", "status", "error_type", "user", "session")
COLUMNS = tuple(f"{OF_TRACES}.{name}" for name in ("trace_id", "time", "outcome", "duration", "request_id", *WORDS))


class Largest:
    """The rows with the largest values, of equal values the latest; with all that are equal in both to the last."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int, TracePosition]] = []

    def add(self, chunk: Chunk, rows: Columns, by: str) -> None:
        """Look at some more."""
        kept = rows_of_largest(rows[by], rows["time"])
        found = zip(*(rows[name][kept].tolist() for name in (by, "time", "row")), strict=True)
        self._found += [(value, time, chunk.place(row)) for value, time, row in found]
        self._found.sort(key=lambda one: one[:2], reverse=True)
        if len(self._found) > MOST_ROWS:
            least = self._found[MOST_ROWS - 1][:2]
            self._found = [one for one in self._found if one[:2] >= least]

    def places(self) -> list[TracePosition]:
        """Where they are."""
        return [place for _, _, place in self._found]


class Requests:
    """Lists of requests."""

    def __init__(self) -> None:
        self._slowest, self._failing, self._latest = Largest(), Largest(), Largest()

    def add(self, chunk: Chunk) -> None:
        """Look for some."""
        self._slowest.add(chunk, chunk.rows("slowest"), "duration")
        self._failing.add(chunk, chunk.rows("failing"), "time")
        self._latest.add(chunk, chunk.rows("latest"), "time")

    def slowest(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The slowest first."""
        rows = requests_at(db, words, self._slowest.places()).values()
        return sorted(rows, key=lambda row: (-row["duration_ms"], -row["time"], row["trace_id"]))[:MOST_ROWS]

    def failing(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The latest first."""
        return _latest_first(requests_at(db, words, self._failing.places()).values())

    def latest(self, db: sqlite3.Connection, words: Words) -> list[Row]:
        """The latest first."""
        return _latest_first(requests_at(db, words, self._latest.places()).values())


def _latest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row["time"], row["trace_id"]))[:MOST_ROWS]


def requests_at(db: sqlite3.Connection, words: Words, places: Iterable[TracePosition]) -> dict[TracePosition, Row]:
    """What there is to tell of the requests in these places."""
    found: dict[TracePosition, Row] = {}
    wanted = sorted(set(places))
    for start in paced(sorted({place.start_ms for place in wanted})):
        (block,) = read_blocks(db, start, start + 1, COLUMNS)
        columns = block.relations[OF_TRACES]
        for place in wanted:
            if place.start_ms == start:
                found[place] = {name: column[place.row : place.row + 1].tolist()[0] for name, column in columns.items()}
    texts = {kind: words.texts(kind, {one[kind] for one in found.values()}) for kind in WORDS}
    for place, one in found.items():
        one.update({kind: texts[kind].get(one[kind]) for kind in WORDS})
        found[place] = _as_row(place, one)
    return found


def _as_row(place: TracePosition, trace: Row) -> Row:
    return {
        "trace_id": trace["trace_id"],
        "experiment": trace["experiment"],
        "time": place.start_ms + trace["time"],
        "route": trace["route"],
        "status_code": None if trace["status"] is None else int(trace["status"]),
        "outcome": OUTCOMES[trace["outcome"]],
        "duration_ms": None if trace["duration"] < 0 else trace["duration"],
        "error_type": trace["error_type"],
        "user": trace["user"],
        "session": trace["session"],
        "request_id": trace["request_id"],
    }
