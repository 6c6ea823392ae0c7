"""Rows as CSV become one labelled series of numbers, with words for its unit. Pure."""

from __future__ import annotations

import csv
import io
import math
import re
from calendar import month_abbr
from dataclasses import dataclass

from app.data.vocabulary import OVER_TIME


@dataclass(frozen=True)
class Point:
    """One row: what it is about, and its figure."""

    label: str
    value: float

    @classmethod
    def from_row(cls, row: list[str]) -> Point:
        """Take the first two cells of a row."""
        value = float(row[1])
        if not math.isfinite(value):
            raise ValueError(f"{row[1]!r} is no figure to draw")
        return cls(_label(row[0]), value)


@dataclass(frozen=True)
class Series:
    """A label column and a figure column; the figure column's ending says the unit."""

    dimension: str
    column: str
    points: tuple[Point, ...]

    @classmethod
    def from_csv(cls, text: str) -> Series | None:
        """Read CSV with a header; None when it has no rows, or a row that is not a label and a number."""
        header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
        try:
            points = tuple(map(Point.from_row, rows))
        except (IndexError, ValueError):
            return None
        return cls(header[0], header[1], points) if points and len(header) > 1 else None

    def as_csv(self) -> str:
        """The rows as they came, but for the names of months."""
        return "\n".join([f"{self.dimension},{self.column}", *(f"{one.label},{one.value}" for one in self.points)])

    @property
    def measure(self) -> str:
        """What the figures are, without the unit: `profit margin`."""
        return self.column.removesuffix("_eur").removesuffix("_percent").replace("_", " ")

    @property
    def is_over_time(self) -> bool:
        """Whether the points follow each other in time."""
        return self.dimension in OVER_TIME

    @property
    def adds_up(self) -> bool:
        """Whether a sum, and so a share, of the figures means anything."""
        return not self.column.endswith("_percent")

    @property
    def total(self) -> float:
        """The sum of the figures."""
        return sum(point.value for point in self.points)

    @property
    def largest(self) -> Point:
        """The first of the points with the highest figure."""
        return max(self.points, key=lambda point: point.value)

    @property
    def smallest(self) -> Point:
        """The first of the points with the lowest figure."""
        return min(self.points, key=lambda point: point.value)

    def write(self, value: float) -> str:
        """A figure with its unit, short enough for an axis."""
        if self.column.endswith("_percent"):
            return f"{value:.1f}%"
        return ("€" if self.column.endswith("_eur") else "") + _short(value)


def _label(cell: str) -> str:
    """Months as people write them: `2024-03` is `Mar 2024`."""
    month = re.fullmatch(r"(\d{4})-(\d\d)", cell)
    return f"{month_abbr[int(month.group(2))]} {month.group(1)}" if month else cell


def _short(value: float) -> str:
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:.1f}M"
    return f"{value / 1_000:.1f}k" if abs(value) >= 10_000 else f"{value:,.0f}"
