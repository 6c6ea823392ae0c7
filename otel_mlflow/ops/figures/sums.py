"""Sums by a whole number: an id, a step of time, a status code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.rollups import COUNTS
from otel_mlflow.ops.summary import Row

SPARSE = 4
"""Where there are so many times more sums than rows, only those are touched that rows belong to."""

FRACTIONS = ("cost", "total")

Part = tuple[Array, list[Array]]
"""Keys, each once, and sums of theirs."""

MOST_PENDING = 500_000
"""Sums that are kept in parts before those of the same key are added up."""


def add_up(sums: Array, keys: Array, values: Array | None = None) -> None:
    """Add to the sums of each row's key 1, or its value."""
    if len(sums) > SPARSE * len(keys):
        np.add.at(sums, keys, 1.0 if values is None else values.astype(np.float64))
    else:
        sums += np.bincount(keys, values, len(sums))


def distinct(values: Array) -> Array:
    """Each value once. By sorting, which is faster than numpy's hashing."""
    ordered = np.sort(values)
    return ordered[np.concatenate(([len(ordered) > 0], ordered[1:] != ordered[:-1]))[: len(ordered)]]


class Sums:
    """Requests, and some of what was spent on them, by a key below `size`."""

    def __init__(self, size: int, spent: tuple[str, ...] = ()) -> None:
        # Fractions hold whole numbers up to 2^53.
        self._sums = {name: np.zeros(size) for name in (*COUNTS, *spent)}
        self._spent = spent

    def add(self, keys: Array, rows: Columns) -> None:
        """Count traces, or rollups of some. Few fail, and few spend anything."""
        keys = keys.astype(np.intp)
        add_up(self._sums["requests"], keys, rows["requests"])
        for name in (*COUNTS[1:], *self._spent):
            some = np.flatnonzero(rows[name])
            add_up(self._sums[name], keys[some], rows[name][some])

    @property
    def requests(self) -> Array:
        """By key."""
        return self._sums["requests"]

    def seen(self) -> list[int]:
        """The keys that have requests."""
        found: list[int] = np.flatnonzero(self.requests).tolist()
        return found

    def row(self, key: int) -> Row:
        """The sums of one key."""
        return {name: as_figure(name, sums[key]) for name, sums in self._sums.items()}


class SparseSums:
    """Sums by a whole number, of which few occur."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._pending = 0

    def add(self, keys: Array, values: Sequence[Array]) -> None:
        """Add to the sums of each row's key its values."""
        part = _dense_sums(keys, values) if _is_dense(keys) else _sparse_sums(keys, values)
        self._parts.append(part)
        self._pending += len(part[0])
        if self._pending > MOST_PENDING:
            self._pending = len(self.sums()[0])

    def sums(self) -> Part:
        """The keys in order, and each of the sums."""
        if not self._parts:
            return np.zeros(0, np.int64), []
        keys = np.concatenate([keys for keys, _ in self._parts])
        columns = zip(*(values for _, values in self._parts), strict=True)
        self._parts = [_sparse_sums(keys, [np.concatenate(column) for column in columns])]
        return self._parts[0]


def _is_dense(keys: Array) -> bool:
    """Whether there are hardly more keys between the smallest and the largest than rows."""
    return len(keys) > 0 and int(keys.max()) - int(keys.min()) < SPARSE * len(keys)


def _dense_sums(keys: Array, values: Sequence[Array]) -> Part:
    """Without sorting: a place for each key that there could be."""
    least = int(keys.min())
    places = keys - least
    occurring = np.flatnonzero(np.bincount(places))
    return occurring + least, [np.bincount(places, value)[occurring] for value in values]


def _sparse_sums(keys: Array, values: Sequence[Array]) -> Part:
    found, places = np.unique(keys, return_inverse=True)
    return found, [np.bincount(places, value, len(found)) for value in values]


def as_figure(name: str, value: float) -> float:
    """Whole, where it is neither money nor a sum of feedback."""
    return float(value) if name in FRACTIONS else int(value)
