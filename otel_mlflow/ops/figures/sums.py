"""Sums by a whole number: an id, a step of time, a status code."""

from __future__ import annotations

import numpy as np

from otel_mlflow.ops.index.block import TOKENS
from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.entry import CANCELLED, ERROR
from otel_mlflow.ops.summary import Row

SPARSE = 4
"""Where there are so many times more sums than rows, only those are touched that rows belong to."""

COUNTS = ("requests", "errors", "cancelled")
SPENT = (*TOKENS, "cost")


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

    def add(self, keys: Array, traces: Columns) -> None:
        """Count traces. Few fail, and few spend anything."""
        add_up(self._sums["requests"], keys)
        add_up(self._sums["errors"], keys[traces["outcome"] == ERROR])
        add_up(self._sums["cancelled"], keys[traces["outcome"] == CANCELLED])
        for name in self._spent:
            is_spent = np.flatnonzero(traces[name])
            add_up(self._sums[name], keys[is_spent], traces[name][is_spent])

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


def as_figure(name: str, value: float) -> float:
    """Whole, where it is no money."""
    return float(value) if name == "cost" else int(value)
