"""The traces that a question is about, some hours at a time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from otel_mlflow.ops.index.block import BLOCK_MS, OF_TRACES, ROW, Block
from otel_mlflow.ops.index.blocks import lengths, read_blocks
from otel_mlflow.ops.index.columns import Array, Columns, joined
from otel_mlflow.ops.index.rollup import TIME, no_rows, rows_of
from otel_mlflow.ops.index.rollups import ROLLUPS, names_to_read, with_rows_and_times
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.pacing import rest_if_due

MOST_TRACES = 50_000
"""Traces that are counted at once: an hour may have more."""

MOST_ROLLED_UP = 250_000
"""The same, where most of what is counted are rollups."""

WORD_FILTERS = ("route", "user", "session", "service", "version")
TIMES = (TIME, "first", "last")


class Place(NamedTuple):
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

    def place(self, row: int) -> Place:
        """Where a row of all the blocks is."""
        block = int(np.searchsorted(self.offsets, row, "right")) - 1
        return Place(self.starts[block], int(row - self.offsets[block]))


class Selection:
    """What a question's filters mean in an index."""

    def __init__(self, question: Question, words: Words) -> None:
        self.start_ms = question.start_ms
        self.end_ms = question.end_ms
        self._slower_than_ms = None if question.slower_than is None else question.slower_than * 1000
        asked = {name: getattr(question, name) for name in WORD_FILTERS}
        self._numbers = {name: words.number(name, text) for name, text in asked.items() if text is not None}
        # A text that the index has never seen.
        self.is_empty = 0 in self._numbers.values()

    @property
    def columns(self) -> list[str]:
        """What it asks of traces."""
        return [TIME, "duration", *self._numbers]

    def has_all_of(self, start_ms: int) -> bool:
        """Whether every trace of the block that begins then is meant."""
        is_narrowed = self._numbers or self._slower_than_ms is not None
        return not is_narrowed and self.start_ms <= start_ms and start_ms + BLOCK_MS <= self.end_ms

    def mask(self, block_ms: int, traces: Columns) -> Array:
        """Which traces are meant of the block that begins then."""
        times = traces[TIME].astype(np.int64) + block_ms
        chosen = (times >= self.start_ms) & (times < self.end_ms)
        for name, number in self._numbers.items():
            chosen &= traces[name] == number
        if self._slower_than_ms is not None:
            chosen &= traces["duration"] >= self._slower_than_ms
        return np.asarray(chosen)


def chunks(
    db: sqlite3.Connection,
    words: Words,
    question: Question,
    rollups: Collection[str] = ROLLUPS.keys(),
    columns: Collection[str] = (),
) -> Iterator[Chunk]:
    """The traces of a question: these rollups, and these columns of the single traces."""
    selection = Selection(question, words)
    if selection.is_empty:
        return
    kept = {name for name in rollups if not ROLLUPS[name].is_timed or question.step_ms % BLOCK_MS == 0}
    singles = {f"{OF_TRACES}.{name}" for name in columns}
    found = lengths(db, question.start_ms, question.end_ms)
    for has_all, some in groupby(found, key=lambda one: selection.has_all_of(one[0])):
        if has_all:
            names = names_to_read(rollups, kept) | singles
            for start, end in _spans(some, MOST_ROLLED_UP):
                yield _joined([_part(block) for block in read_blocks(db, start, end, names)], kept)
        else:
            names = names_to_read(rollups, ()) | singles
            for parts in _filled(_selected(db, selection, [start for start, _ in some], names)):
                yield _joined(parts, ())


def _spans(found: Iterator[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Times that are counted at once."""
    spans: list[tuple[int, int]] = []
    room = 0
    for start, length in found:
        if length <= room:
            spans[-1] = spans[-1][0], start + BLOCK_MS
            room -= length
        else:
            spans.append((start, start + BLOCK_MS))
            room = most - length
    return spans


def _part(block: Block) -> Part:
    return Part(block.start_ms, block.length, with_rows_and_times(block.relations))


def _selected(db: sqlite3.Connection, selection: Selection, starts: Sequence[int], names: set[str]) -> Iterator[Part]:
    """The meant traces of blocks. What else is known of them is read only of blocks that have some."""
    filters = {f"{OF_TRACES}.{name}" for name in selection.columns}
    for start in starts:
        (filtered,) = read_blocks(db, start, start + 1, filters)
        rest_if_due()
        chosen = selection.mask(start, filtered.relations[OF_TRACES])
        if chosen.any():
            (block,) = read_blocks(db, start, start + 1, names)
            yield Part(start, len(chosen), with_rows_and_times(block.relations, chosen))


def _filled(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """As many at once as there are to be counted at once."""
    some: list[Part] = []
    count = 0
    for part in parts:
        some.append(part)
        count += len(part.relations[OF_TRACES][ROW])
        if count >= MOST_TRACES:
            yield some
            some, count = [], 0
    if some:
        yield some


def _joined(parts: Sequence[Part], kept: Collection[str]) -> Chunk:
    """Parts as one: times since the epoch, and rows of traces that count on from block to block."""
    offsets = np.cumsum([0, *(part.length for part in parts)])
    found: dict[str, dict[str, list[Array]]] = defaultdict(lambda: defaultdict(list))
    for part, offset in zip(parts, offsets.tolist(), strict=False):
        rest_if_due()
        for relation, columns in part.relations.items():
            for name, column in _moved(columns, part.start_ms, offset).items():
                found[relation][name].append(column)
    relations: dict[str, Columns] = {}
    for relation, named in found.items():
        rest_if_due()
        relations[relation] = {name: joined(columns) for name, columns in named.items()}
    return Chunk([part.start_ms for part in parts], offsets[:-1], relations, kept)


def _moved(columns: Columns, start_ms: int, offset: int) -> Columns:
    """Of what has no time, that is the hour."""
    length = len(next(iter(columns.values())))
    moved = {TIME: np.full(length, start_ms), **columns}
    moved.update({name: columns[name].astype(np.int64) + start_ms for name in TIMES if name in columns})
    if ROW in columns:
        moved[ROW] = columns[ROW].astype(np.int64) + offset
    return moved
