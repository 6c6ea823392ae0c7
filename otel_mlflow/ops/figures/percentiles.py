"""Exact percentiles by group: one sort of whole numbers, of which only the places that count are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.summary import Row

LONGEST = 1 << 33
"""Values are below it: three months in ms."""


class Percentiles:
    """Collects values by a key; values below 0 are none."""

    def __init__(self, names: Sequence[str], shares: Sequence[float]) -> None:
        self._names = names
        self._shares = np.array(shares)
        self._merged: list[Array] = []

    def add(self, keys: Array | int, values: Array) -> None:
        """Collect some."""
        known = values >= 0
        group = keys if isinstance(keys, int) else keys[known].astype(np.int64)
        self._merged.append(group * LONGEST + np.minimum(values[known].astype(np.int64), LONGEST - 1))

    def rows(self, unit: float = 1.0) -> dict[int, Row]:
        """By key, interpolated between the two nearest values, as MLflow's and numpy's."""
        if not self._merged:
            return {}
        merged = np.sort(np.concatenate(self._merged))
        keys, firsts, counts = _runs(merged // LONGEST)
        places = self._shares * (counts[:, None] - 1)
        below = places.astype(np.int64)
        above = np.minimum(below + 1, counts[:, None] - 1)
        low, high = (merged[firsts[:, None] + place] % LONGEST * unit for place in (below, above))
        found = (low + (high - low) * (places - below)).tolist()
        return {key: dict(zip(self._names, row, strict=True)) for key, row in zip(keys.tolist(), found, strict=True)}


def _runs(ordered: Array) -> tuple[Array, Array, Array]:
    """The values of an ordered array, where each begins, and how often it is there."""
    firsts = np.flatnonzero(np.concatenate(([len(ordered) > 0], ordered[1:] != ordered[:-1])))
    return ordered[firsts], firsts, np.diff(np.concatenate((firsts, [len(ordered)])))
