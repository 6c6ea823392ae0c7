"""The traces that a question is about, some hours at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from otel_mlflow.ops.index.block import BLOCK_MS, COLUMNS_WITHOUT_TEXTS, OF_TRACES, ROW, Block
from otel_mlflow.ops.index.blocks import lengths, read_blocks
from otel_mlflow.ops.index.columns import Array, Columns, joined
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question

MOST_TRACES = 50_000
"""Traces that are counted at once: an hour may have more."""

WORD_FILTERS = ("route", "user", "session", "service", "version")


class Place(NamedTuple):
    """Where a trace is in the index: the block that begins then, and the row in it."""

    start_ms: int
    row: int


@dataclass(frozen=True)
class Chunk:
    """Columns by relation; `rows` are those of the traces in the blocks, one after the other."""

    starts: Sequence[int]
    offsets: Array
    rows: Array
    relations: dict[str, dict[str, Array]]

    @property
    def traces(self) -> Columns:
        """The relation of traces, of which there is at least one."""
        return self.relations[OF_TRACES]

    def place(self, row: int) -> Place:
        """Where a row of all the blocks is."""
        block = int(np.searchsorted(self.offsets, row, "right")) - 1
        return Place(self.starts[block], int(row - self.offsets[block]))


class Selection:
    """What a question's filters mean in an index."""

    def __init__(self, question: Question, words: Words) -> None:
        self._start = question.start_ms
        self._end = question.end_ms
        self._slower_than_ms = None if question.slower_than is None else question.slower_than * 1000
        asked = {name: getattr(question, name) for name in WORD_FILTERS}
        self._numbers = {name: words.number(name, text) for name, text in asked.items() if text is not None}
        # A text that the index has never seen.
        self.is_empty = 0 in self._numbers.values()

    def mask(self, traces: Columns) -> Array:
        """Which of the traces are meant."""
        chosen = (traces["time"] >= self._start) & (traces["time"] < self._end)
        for name, number in self._numbers.items():
            chosen &= traces[name] == number
        if self._slower_than_ms is not None:
            chosen &= traces["duration"] >= self._slower_than_ms
        return np.asarray(chosen)


def chunks(
    db: sqlite3.Connection, words: Words, question: Question, names: Sequence[str] = COLUMNS_WITHOUT_TEXTS
) -> Iterator[Chunk]:
    """The traces of a question, with the columns of these names, or with all but texts."""
    selection = Selection(question, words)
    for start, end in [] if selection.is_empty else _spans(db, question):
        chunk = _chosen(_joined(list(read_blocks(db, start, end, names))), selection)
        if len(chunk.rows):
            yield chunk


def _spans(db: sqlite3.Connection, question: Question) -> list[tuple[int, int]]:
    """Times that are counted at once."""
    spans: list[tuple[int, int]] = []
    room = 0
    for start, length in lengths(db, question.start_ms, question.end_ms):
        if length <= room:
            spans[-1] = spans[-1][0], start + BLOCK_MS
            room -= length
        else:
            spans.append((start, start + BLOCK_MS))
            room = MOST_TRACES - length
    return spans


def _joined(blocks: Sequence[Block]) -> Chunk:
    """Blocks as one: times since the epoch, and rows of traces that count on from block to block."""
    offsets = np.cumsum([0, *(block.length for block in blocks)])
    parts: dict[str, dict[str, list[Array]]] = {}
    for block, offset in zip(blocks, offsets.tolist(), strict=False):
        for relation, columns in block.relations.items():
            for name, column in columns.items():
                part = parts.setdefault(relation, {}).setdefault(name, [])
                part.append(_moved(relation, name, column, block.start_ms, offset))
    relations = {
        relation: {name: joined(part) for name, part in columns.items()} for relation, columns in parts.items()
    }
    for name in {"assessment", "model"} & relations.keys():
        relations[name]["time"] = relations[OF_TRACES]["time"][relations[name][ROW]]
    return Chunk([block.start_ms for block in blocks], offsets[:-1], np.arange(offsets[-1]), relations)


def _moved(relation: str, name: str, column: Array, start_ms: int, offset: int) -> Array:
    if relation == OF_TRACES and name == "time":
        return column.astype(np.int64) + start_ms
    return column.astype(np.int64) + offset if name == ROW else column


def _chosen(chunk: Chunk, selection: Selection) -> Chunk:
    chosen = selection.mask(chunk.traces)
    if chosen.all():
        return chunk
    relations = {OF_TRACES: {name: column[chosen] for name, column in chunk.traces.items()}}
    for relation, columns in chunk.relations.items():
        if relation != OF_TRACES:
            of_chosen = chosen[columns[ROW]]
            relations[relation] = {name: column[of_chosen] for name, column in columns.items()}
    return Chunk(chunk.starts, chunk.offsets, np.flatnonzero(chosen), relations)
