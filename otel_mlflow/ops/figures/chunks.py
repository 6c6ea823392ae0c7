"""The traces that a question is about, some hours at a time.

| hours | counted from |
| --- | --- |
| whole, without a filter | rollups |
| whole, of traces slower than a threshold | rollups of the bands above it, and the rows of the band that it divides |
| others | rows |
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from itertools import groupby

from otel_mlflow.ops.figures.chunk import Chunk, Part, chunk_of
from otel_mlflow.ops.figures.selection import Selection
from otel_mlflow.ops.index.bands import BAND, Threshold
from otel_mlflow.ops.index.block import BLOCK_MS, OF_TRACES, ROW, Block
from otel_mlflow.ops.index.blocks import lengths, read_blocks
from otel_mlflow.ops.index.columns import Columns
from otel_mlflow.ops.index.rollups import ROLLUPS, Chosen, names_to_read, with_rows_and_times
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import DAY, Question
from otel_mlflow.pacing import rest_if_due

MOST_TRACES = 50_000
"""Traces that are counted at once: an hour may have more."""

MOST_ROLLED_UP = 250_000
"""The same, where most of what is counted are rollups."""

LONGEST_SPAN = 7 * DAY
"""Hours that are counted at once are let go of at once, by whoever has the interpreter then."""

DURATION = f"{OF_TRACES}.duration"


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
    for is_in_rollups, some in groupby(found, key=lambda one: selection.is_in_rollups(one[0])):
        if is_in_rollups:
            names = names_to_read(rollups, kept) | singles
            if selection.threshold is not None:
                names |= {DURATION, *(f"{name}.{BAND}" for name in kept)}
            for start, end in _spans(some, MOST_ROLLED_UP):
                blocks = read_blocks(db, start, end, names)
                if selection.threshold is None:
                    yield chunk_of([_part(block) for block in blocks], kept)
                else:
                    yield _slow_chunk(db, selection.threshold, list(blocks), kept)
        else:
            names = names_to_read(rollups, ()) | singles
            for parts in _filled(_selected(db, selection, [start for start, _ in some], names)):
                yield chunk_of(parts, ())


def _spans(found: Iterator[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Times that are counted at once."""
    spans: list[tuple[int, int]] = []
    room = 0
    for start, length in found:
        if length <= room and start < spans[-1][0] + LONGEST_SPAN:
            spans[-1] = spans[-1][0], start + BLOCK_MS
            room -= length
        else:
            spans.append((start, start + BLOCK_MS))
            room = most - length
    return spans


def _part(block: Block, chosen: Chosen | None = None) -> Part:
    rest_if_due()
    return Part(block.start_ms, block.length, with_rows_and_times(block.relations, chosen))


def _slow_chunk(db: sqlite3.Connection, threshold: Threshold, blocks: Sequence[Block], kept: Set[str]) -> Chunk:
    """Of blocks that were read with their rollups, what reaches a threshold."""
    above = chunk_of([_part_above(threshold, block, kept) for block in blocks], kept)
    divided = [threshold.reached_in_divided(block.relations[OF_TRACES]["duration"]) for block in blocks]
    if all(chosen.start == chosen.stop for chosen in divided):
        return above
    rows = read_blocks(db, blocks[0].start_ms, blocks[-1].start_ms + BLOCK_MS, names_to_read(kept, ()))
    parts = [_part(block, chosen) for block, chosen in zip(rows, divided, strict=True)]
    return above.with_rows(chunk_of(parts, ()))


def _part_above(threshold: Threshold, block: Block, kept: Set[str]) -> Part:
    """The rollups of the bands above the divided one; of single traces all that are meant."""
    reached = threshold.reached(block.relations[OF_TRACES]["duration"])
    relations: dict[str, Columns] = with_rows_and_times(block.relations, reached)
    for name in relations.keys() & kept:
        whole = threshold.whole_bands(relations[name][BAND])
        relations[name] = {column: values[whole] for column, values in relations[name].items()}
    return Part(block.start_ms, block.length, relations)


def _selected(db: sqlite3.Connection, selection: Selection, starts: Sequence[int], names: set[str]) -> Iterator[Part]:
    """The meant traces of blocks. What else is known of them is read only of blocks that have some."""
    filters = {f"{OF_TRACES}.{name}" for name in selection.columns}
    for start in starts:
        (filtered,) = read_blocks(db, start, start + 1, filters)
        rest_if_due()
        chosen = selection.mask(start, filtered.relations[OF_TRACES])
        if chosen.any():
            (block,) = read_blocks(db, start, start + 1, names)
            yield _part(block, chosen)


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
