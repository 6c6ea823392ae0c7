"""Bands of durations: rollups are kept by band, so that a threshold divides one band and takes those above it whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from otel_mlflow.ops.index.columns import Array

BAND = "band"
ROUND = [digit * 10**power for power in range(10) for digit in (1, 2, 3, 5)]
"""Durations in ms that people ask for."""

BEGINNINGS = np.array([0, *ROUND, np.inf])
"""Of the bands 1, 2, 3 …; in band 0 is what has not ended. A threshold that a band begins with divides none."""


def bands_of(durations: Array) -> Array:
    """Of durations in ms, their bands."""
    return np.searchsorted(BEGINNINGS, durations, "right").astype(np.int8)


@dataclass(frozen=True)
class Threshold:
    """Durations are meant that are not below it."""

    ms: float

    @property
    def divided(self) -> int:
        """The band of which some are meant: those above it are meant whole."""
        return int(np.searchsorted(BEGINNINGS, self.ms))

    def is_reached(self, durations: Array) -> Array:
        """Which of them are meant."""
        return np.asarray(durations >= self.ms)

    def is_reached_in_divided(self, durations: Array) -> Array:
        """Which of them are meant and in the divided band."""
        return np.asarray(self.is_reached(durations) & (durations < BEGINNINGS[self.divided]))
