"""Bands of durations: rollups are kept by band, so that a threshold divides one band and takes those above it whole."""

from __future__ import annotations

import numpy as np

from otel_mlflow.ops.index.columns import Array

BAND = "band"
ROUND = [digit * 10**power for power in range(10) for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)]
"""Durations in ms that people ask for."""

BEGINNINGS = np.array([0, *ROUND, np.inf])
"""Of the bands 1, 2, 3 …; in band 0 is what has not ended. A threshold that a band begins with divides none."""


def bands_of(durations: Array) -> Array:
    """Of durations in ms, their bands."""
    return np.searchsorted(BEGINNINGS, durations, "right").astype(np.int8)


class Threshold:
    """Durations are meant that are not below it. `divided` is the band of which some are: those above it are whole."""

    def __init__(self, ms: float) -> None:
        self._ms = ms
        self.divided = int(np.searchsorted(BEGINNINGS, ms))

    def is_reached(self, durations: Array) -> Array:
        """Which of them are meant."""
        return np.asarray(durations >= self._ms)

    def reached(self, ordered: Array) -> slice:
        """Where those are that are meant."""
        return slice(int(ordered.searchsorted(self._ms)), len(ordered))

    def reached_in_divided(self, ordered: Array) -> slice:
        """Where those are that are meant and in the divided band."""
        return slice(*(int(ordered.searchsorted(bound)) for bound in (self._ms, BEGINNINGS[self.divided])))

    def whole_bands(self, bands: Array) -> slice:
        """Where those are, of bands in their order, that are above the divided one."""
        return slice(int(bands.searchsorted(self.divided, "right")), len(bands))
