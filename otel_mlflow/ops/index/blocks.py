"""Blocks in the database: reading columns, replacing the traces of a time."""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

import numpy as np

from otel_mlflow.ops.index.block import BLOCK_MS, COLUMNS, OF_TRACES, Block, block_from_entries
from otel_mlflow.ops.index.columns import Array, decode, encode
from otel_mlflow.ops.index.entry import TraceEntry
from otel_mlflow.ops.index.rollups import rolled_up
from otel_mlflow.ops.index.words import Words

TIME = f"{OF_TRACES}.time"
"""Each column has the name of its relation before its own."""

SOME = "SELECT start_ms, name, kind, length, data FROM block WHERE start_ms >= ? AND start_ms < ?"
LENGTHS = f"SELECT start_ms, length FROM block WHERE start_ms >= ? AND start_ms < ? AND name = '{TIME}'"  # noqa: S608
LATEST = f"SELECT start_ms, length FROM block WHERE name = '{TIME}' ORDER BY start_ms DESC"  # noqa: S608


def read_blocks(
    db: sqlite3.Connection, start_ms: int, end_ms: int, names: Collection[str] = COLUMNS
) -> Iterator[Block]:
    """The blocks that begin within a time, by time, with the columns of these names; rollups are relations, too.

    Raises `sqlite3.DatabaseError` where SQLite has not seen that what it keeps is damaged.
    """
    only = f"name IN ({', '.join('?' * len(names))})"
    found = db.execute(f"{SOME} AND {only} ORDER BY start_ms", (start_ms, end_ms, *names))
    for start, rows in groupby(found, key=lambda row: int(row[0])):
        relations: dict[str, dict[str, Array]] = defaultdict(dict)
        for _, full_name, kind, length, data in rows:
            relation, _, name = full_name.partition(".")
            try:
                relations[relation][name] = decode(kind, length, data)
            except (ValueError, TypeError, zlib.error) as error:
                raise sqlite3.DatabaseError(f"{full_name} of {start} cannot be read: {error}") from error
        yield Block(start, relations)


def replace_traces(db: sqlite3.Connection, start_ms: int, end_ms: int, entries: Iterable[TraceEntry]) -> None:
    """Let exactly these traces be those that began within a time."""
    words = Words(db)
    by_block = _by_block(entries)
    kept = {block.start_ms: block for block in _edge_blocks(db, start_ms, end_ms)}
    db.execute("DELETE FROM block WHERE start_ms >= ? AND start_ms < ?", (_block_of(start_ms), end_ms))
    for start in sorted({*by_block, *kept}):
        new = block_from_entries(start, by_block[start], words)
        _write(db, kept[start].and_then(new) if start in kept else new)


def add_traces(db: sqlite3.Connection, entries: Iterable[TraceEntry]) -> None:
    """Add these traces to those that there are, in place of what was known of the same ones."""
    words = Words(db)
    for start, some in _by_block(entries).items():
        new = block_from_entries(start, some, words)
        ids = {entry.trace_id for entry in some}
        for block in read_blocks(db, start, start + 1):
            is_known = [trace_id in ids for trace_id in block.relations[OF_TRACES]["trace_id"].tolist()]
            new = block.without(np.array(is_known)).and_then(new)
        db.execute("DELETE FROM block WHERE start_ms = ?", (start,))
        _write(db, new)


def _by_block(entries: Iterable[TraceEntry]) -> dict[int, list[TraceEntry]]:
    by_block: dict[int, list[TraceEntry]] = defaultdict(list)
    for entry in entries:
        by_block[_block_of(entry.time_ms)].append(entry)
    return by_block


def _edge_blocks(db: sqlite3.Connection, start_ms: int, end_ms: int) -> Iterator[Block]:
    """What lies in the first and last hour of a time, and outside of it."""
    edges = {_block_of(edge) for edge in (start_ms, end_ms) if edge % BLOCK_MS}
    for edge in edges:
        for block in read_blocks(db, edge, edge + 1):
            times = block.start_ms + block.relations[OF_TRACES]["time"].astype(np.int64)
            yield block.without((times >= start_ms) & (times < end_ms))


def _write(db: sqlite3.Connection, block: Block) -> None:
    if not block.length:
        return
    block = block.ordered()
    db.executemany(
        "INSERT INTO block VALUES (?, ?, ?, ?, ?)",
        [
            (block.start_ms, f"{relation}.{name}", *encode(column))
            for relation, columns in {**block.relations, **rolled_up(block.relations)}.items()
            for name, column in columns.items()
            if len(column)
        ],
    )


def lengths(db: sqlite3.Connection, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """When the blocks begin that have traces of a time, and how many traces they have."""
    rows = db.execute(f"{LENGTHS} ORDER BY start_ms", (_block_of(start_ms), end_ms))
    return [(row[0], row[1]) for row in rows]


def count_traces(db: sqlite3.Connection, start_ms: int, end_ms: int) -> int:
    """How many traces began within a time."""
    count = 0
    for start, length in lengths(db, start_ms, end_ms):
        if start_ms <= start and start + BLOCK_MS <= end_ms:
            count += length
        else:
            (block,) = read_blocks(db, start, start + 1, [TIME])
            times = start + block.relations[OF_TRACES]["time"].astype(np.int64)
            count += int(((times >= start_ms) & (times < end_ms)).sum())
    return count


def times_of_unfinished(db: sqlite3.Connection, start_ms: int, end_ms: int) -> Iterator[int]:
    """When the traces of a time began that had not ended."""
    for block in read_blocks(db, _block_of(start_ms), end_ms, [TIME, f"{OF_TRACES}.is_unfinished"]):
        traces = block.relations[OF_TRACES]
        for time in traces["time"][traces["is_unfinished"] != 0].tolist():
            if start_ms <= block.start_ms + time < end_ms:
                yield block.start_ms + time


def mean_durations(db: sqlite3.Connection, step_ms: int, steps: Iterable[int]) -> dict[int, tuple[int, float]]:
    """Of those steps all of whose traces were delivered here: how many there are, and their mean duration."""
    found: dict[int, tuple[int, float]] = {}
    names = [f"{OF_TRACES}.{name}" for name in ("time", "duration", "is_delivered_here")]
    for start, some in groupby(sorted(steps), key=_block_of):
        for block in read_blocks(db, start, start + 1, names):
            traces = block.relations[OF_TRACES]
            keys = (start + traces["time"].astype(np.int64)) // step_ms * step_ms
            for step in some:
                chosen = keys == step
                if chosen.any() and traces["is_delivered_here"][chosen].all():
                    found[step] = int(chosen.sum()), float(traces["duration"][chosen].mean())
    return found


def first_kept(db: sqlite3.Connection, most: int) -> int | None:
    """When the oldest block begins that may stay, if there are more traces than `most`; the newest always stays."""
    total = 0
    kept = None
    for start, length in db.execute(LATEST):
        total += length
        if total > most and kept is not None:
            return int(kept)
        kept = start
    return None


def _block_of(time_ms: int) -> int:
    return time_ms - time_ms % BLOCK_MS
