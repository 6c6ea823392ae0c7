"""Where figures are drawn: the frame of a chart, its grid, and a place for each figure. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 20, 44, 48
GRID_LINES = 4
_COURSE_MARGIN = 30
# Smaller ones cannot be divided any more.
_LEAST_SPAN = 1e-300


@dataclass(frozen=True)
class Scale:
    """From the grid line below all figures to the one above; zero is always among them."""

    low: float
    high: float
    step: float

    @classmethod
    def spanning(cls, figures: Sequence[float]) -> Scale:
        """The scale that these figures need."""
        least, most = min(*figures, 0.0), max(*figures, 0.0)
        step = _round_step(most - least)
        return cls(math.floor(least / step) * step, max(math.ceil(most / step), 0 if least < 0 else 1) * step, step)

    @property
    def lines(self) -> list[float]:
        """The values of the grid lines."""
        return [self.low + line * self.step for line in range(round((self.high - self.low) / self.step) + 1)]

    def y(self, value: float) -> float:
        """How far down a figure is."""
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def course_x(place: int, places: int) -> float:
    """How far right one of several points in time is."""
    return LEFT + _COURSE_MARGIN + (WIDTH - LEFT - RIGHT - 2 * _COURSE_MARGIN) * place / max(1, places - 1)


def slot_width(places: int) -> float:
    """How much room each label of a bar chart has."""
    return (WIDTH - LEFT - RIGHT) / places


def _round_step(span: float) -> float:
    """A round distance between grid lines."""
    rough = (span if span > _LEAST_SPAN else 1.0) / GRID_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    return next((power * mantissa for mantissa in (1, 2, 2.5, 5, 10) if power * mantissa >= rough), 10 * power)
