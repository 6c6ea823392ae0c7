"""Exact percentiles of durations by group: one sort of whole numbers, of which only the places that count are read.

Group and duration become one number, so that sorting is as fast as SQLite can; a window function for each group takes
three times as long. Nothing but the sort depends on how many requests there are.
"""

from __future__ import annotations

import sqlite3

from otel_mlflow.ops.summary import Row

SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
LONGEST_MS = 1 << 33
"""Durations are below it: three months."""

COUNTS = "SELECT {group} AS number, count(*) FROM request WHERE duration_ms IS NOT NULL GROUP BY number ORDER BY number"
PLACES = """
SELECT place, merged % {longest} FROM (
    SELECT merged, row_number() OVER (ORDER BY merged) - 1 AS place
    FROM (
        SELECT ({group}) * {longest} + max(0, min(duration_ms, {longest} - 1)) AS merged
        FROM request WHERE duration_ms IS NOT NULL
    )
) WHERE place IN (SELECT place FROM wanted)"""


def percentiles(db: sqlite3.Connection, group: str, step_ms: int) -> dict[int, Row]:
    """By group, a whole number; interpolated between the two nearest values, as MLflow's and numpy's."""
    given = {"step": step_ms}
    counts = [tuple(row) for row in db.execute(COUNTS.format(group=group), given)]
    firsts: dict[int, tuple[int, int]] = {}
    total = 0
    for number, count in counts:
        firsts[number] = total, count
        total += count
    wanted = {place for first, count in firsts.values() for place in _places(first, count)}
    db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (place INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM wanted")
    db.executemany("INSERT INTO wanted VALUES (?)", [(place,) for place in wanted])
    values = dict(tuple(row) for row in db.execute(PLACES.format(group=group, longest=LONGEST_MS), given))
    return {number: _row(values, first, count) for number, (first, count) in firsts.items()}


def _places(first: int, count: int) -> set[int]:
    below = [int(share * (count - 1)) for share in SHARES.values()]
    return {first + min(place + more, count - 1) for place in below for more in (0, 1)}


def _row(values: dict[int, int], first: int, count: int) -> Row:
    return {name: _interpolated(values, first, count, share) for name, share in SHARES.items()}


def _interpolated(values: dict[int, int], first: int, count: int, share: float) -> float:
    place = share * (count - 1)
    below = int(place)
    low, high = values[first + below], values[first + min(below + 1, count - 1)]
    return low + (high - low) * (place - below)
