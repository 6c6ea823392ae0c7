"""Exact percentiles by group: one sort of whole numbers, of which only the places that count are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.summary import Row

LONGEST = (1 << 33) - 1
"""Values are not above it: three months in ms."""

NARROW = 4
"""Bytes of a number that cannot be longer."""


class Percentiles:
    """Collects values by a key; values below 0 are none."""

    def __init__(self, names: Sequence[str], shares: Sequence[float]) -> None:
        self._names = names
        self._shares = np.array(shares)
        self._parts: list[tuple[Array, Array]] = []

    def add(self, keys: Array, values: Array) -> None:
        """Collect some. They are kept as they are, not copied, where they are narrow."""
        self._parts.append((keys, np.minimum(values, LONGEST) if values.itemsize > NARROW else values))

    def rows(self, unit: float = 1.0) -> dict[int, Row]:
        """By key, interpolated between the two nearest values, as MLflow's and numpy's."""
        ordered, bits = self._ordered()
        keys, firsts, counts = _runs(ordered, bits)
        places = self._shares * (counts[:, None] - 1)
        below = places.astype(np.int64)
        above = np.minimum(below + 1, counts[:, None] - 1)
        low, high = ((ordered[firsts[:, None] + place] & ((1 << bits) - 1)) * unit for place in (below, above))
        found = (low + (high - low) * (places - below)).tolist()
        return {key: dict(zip(self._names, row, strict=True)) for key, row in zip(keys.tolist(), found, strict=True)}

    def _ordered(self) -> tuple[Array, int]:
        """Each value behind its key in one number, sorted; and how many bits of it are the value's.

        Numbers of 32 bits are sorted in a seventh of the time, and nearly always they are enough.
        """
        longest = max((int(values.max(initial=0)) for _, values in self._parts), default=0)
        largest = max((int(keys.max(initial=0)) for keys, _ in self._parts), default=0)
        bits = longest.bit_length()
        kind = np.uint32 if bits + largest.bit_length() <= 32 else np.uint64
        merged = [_merged(keys, values, bits, kind) for keys, values in self._parts]
        ordered = np.concatenate(merged) if merged else np.zeros(0, kind)
        ordered.sort()
        return ordered, bits


def _merged(keys: Array, values: Array, bits: int, kind: type[np.uint32 | np.uint64]) -> Array:
    known = values >= 0
    if not known.all():
        keys, values = keys[known], values[known]
    merged: Array = keys.astype(kind)
    np.left_shift(merged, kind(bits), out=merged)
    np.bitwise_or(merged, values.astype(kind), out=merged)
    return merged


def _runs(ordered: Array, bits: int) -> tuple[Array, Array, Array]:
    """The keys in an ordered array, where each begins, and how often it is there."""
    last = int(ordered[-1]) >> bits if len(ordered) else -1
    begins = np.arange(last + 1, dtype=ordered.dtype) << ordered.dtype.type(bits)
    bounds = np.append(np.searchsorted(ordered, begins), len(ordered))
    keys = np.flatnonzero(np.diff(bounds))
    return keys, bounds[keys], np.diff(bounds)[keys]
