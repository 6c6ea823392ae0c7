"""`Chunk`: some of the traces that a question is about, as columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from otel_mlflow.ops.index.block import OF_TRACES, ROW
from otel_mlflow.ops.index.columns import Array, Columns, joined
from otel_mlflow.ops.index.rollup import TIME, no_rows, rows_of
from otel_mlflow.ops.index.rollups import ROLLUPS
from otel_mlflow.pacing import paced

TIMES = (TIME, "first", "last")


class TracePosition(NamedTuple):
    """Where a trace is in the index: the block that begins then, and the row in it."""

    start_ms: int
    row: int


class Part(NamedTuple):
    """What is counted of a block, that has `length` traces in all."""

    start_ms: int
    length: int
    relations: Mapping[str, Columns]


@dataclass(frozen=True)
class Chunk:
    """Columns by relation of some blocks, one after the other; `kept` are rollups that were read as such."""

    starts: Sequence[int]
    offsets: Array
    relations: Mapping[str, Columns]
    kept: Collection[str]
    _rows: dict[tuple[str, str | None], dict[str, Array]] = field(default_factory=dict)
    """What was derived so far, by relation and the column that marks the rows."""

    @property
    def traces(self) -> Columns:
        """The relation of traces."""
        return self.relations[OF_TRACES]

    def rows(self, name: str) -> Columns:
        """A rollup, or the rows that it stands for: their columns are the same."""
        rollup = ROLLUPS[name]
        columns = self.relations.get(name if name in self.kept else rollup.relation)
        if columns is None:
            return no_rows((*rollup.columns, TIME))
        if name in self.kept:
            return columns
        known = self._rows.setdefault((rollup.relation, rollup.only), {})
        missing = {TIME, *rollup.columns} - known.keys()
        known.update(rows_of(rollup, columns, missing))
        return known

    def with_rows(self, other: Chunk) -> Chunk:
        """The same with those rows of another one of these blocks behind its rollups that they stand for."""
        both = {name: (self.rows(name), other.rows(name)) for name in self.kept}
        merged: dict[str, Columns] = {
            name: {column: joined([rollup[column], rows[column]]) for column in (*ROLLUPS[name].columns, TIME)}
            for name, (rollup, rows) in both.items()
        }
        return replace(self, relations={**self.relations, **merged})

    def place(self, row: int) -> TracePosition:
        """Where a row of all the blocks is."""
        block = int(np.searchsorted(self.offsets, row, "right")) - 1
        return TracePosition(self.starts[block], int(row - self.offsets[block]))


def chunk_of(parts: Sequence[Part], kept: Collection[str]) -> Chunk:
    """Parts as one."""
    starts = np.array([part.start_ms for part in parts])
    offsets = np.cumsum([0, *(part.length for part in parts)])[:-1]
    places: dict[str, list[int]] = defaultdict(list)
    for place, part in enumerate(parts):
        for relation in part.relations:
            places[relation].append(place)
    relations = {
        relation: _joined([parts[place].relations[relation] for place in some], starts[some], offsets[some])
        for relation, some in paced(places.items())
    }
    return Chunk(starts.tolist(), offsets, relations, kept)


def _joined(parts: Sequence[Columns], starts: Array, offsets: Array) -> Columns:
    """As one: times since the epoch, the hour's of what has none, and rows of traces that count on."""
    lengths = [len(next(iter(columns.values()))) for columns in parts]
    begins = np.repeat(starts, lengths)
    found = {name: joined([columns[name] for columns in parts]) for name in paced(parts[0])}
    found.update({name: found[name] + begins for name in TIMES if name in found})
    found.setdefault(TIME, begins)
    if ROW in found:
        found[ROW] = found[ROW] + np.repeat(offsets, lengths)
    return found
