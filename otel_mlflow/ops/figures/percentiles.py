"""Percentiles by group: of single values, by one sort of whole numbers of which few are read; of counts by bucket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otel_mlflow.ops.figures.sums import SparseSums
from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.summary import Row
from otel_mlflow.pacing import paced
from otel_mlflow.spans.records.duration_buckets import BUCKETS, STEPS, UNKNOWN

LATENCY = ("p50_ms", "p95_ms", "p99_ms"), (0.5, 0.95, 0.99)
"""Names and shares of the percentiles that are told of durations."""

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
        found = low + (high - low) * (places - below)
        return _by_key(self._names, keys, found)

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


class BucketPercentiles:
    """Percentiles by a key of durations that are only known by their buckets."""

    def __init__(self, names: Sequence[str], shares: Sequence[float]) -> None:
        self._names = names
        self._shares = np.array(shares)
        self._calls = SparseSums()

    def add(self, keys: Array, buckets: Array, calls: Array) -> None:
        """Collect some."""
        known = np.flatnonzero(buckets != UNKNOWN)
        self._calls.add(keys[known].astype(np.int64) * BUCKETS + buckets[known], (calls[known],))

    def rows(self) -> dict[int, Row]:
        """By key, interpolated as those of single values."""
        pairs, sums = self._calls.sums()
        if not len(pairs):
            return {}
        keys, firsts = np.unique(pairs // BUCKETS, return_index=True)
        durations = durations_in(pairs % BUCKETS)
        ends = np.cumsum(sums[0])
        before = np.append(0, ends)[firsts]
        places = self._shares * (np.append(before[1:], ends[-1]) - before - 1)[:, None]
        ranks = before[:, None] + np.array((np.floor(places), np.ceil(places)))
        low, high = durations[np.searchsorted(ends, ranks, "right")]
        found = low + (high - low) * (places - np.floor(places))
        return _by_key(self._names, keys, found)


def _by_key(names: Sequence[str], keys: Array, found: Array) -> dict[int, Row]:
    rows = zip(keys.tolist(), found.tolist(), strict=True)
    return {key: dict(zip(names, row, strict=True)) for key, row in paced(rows)}


def durations_in(buckets: Array) -> Array:
    """The durations that buckets stand for, in ms."""
    shifts = np.maximum(buckets // STEPS - 1, 0)
    found: Array = (buckets - shifts * STEPS) << shifts
    return found


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
