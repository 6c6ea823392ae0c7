"""Rows as CSV become a table: up to two dimensions, and a figure whose column says the unit. Pure."""

from __future__ import annotations

import csv
import io
import math
from calendar import month_abbr
from dataclasses import dataclass

from app.agent.units import Unit, unit_of
from app.questions.months import months_of_label, name_of
from app.questions.query import OVER_TIME

_MOST_DIMENSIONS = 2
# Beyond this, sums and scales leave what floats can hold.
_LARGEST = 1e15


@dataclass(frozen=True)
class Point:
    """A figure, and what it is about."""

    label: str
    value: float


@dataclass(frozen=True)
class Row:
    """A figure, and what it is about in each dimension."""

    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Table:
    """Rows of figures."""

    dimensions: tuple[str, ...]
    column: str
    rows: tuple[Row, ...]

    @classmethod
    def from_csv(cls, text: str) -> Table | None:
        """Read CSV with a header; None where it is no table of figures, or has no rows."""
        header, *rows = [line for line in csv.reader(io.StringIO(text)) if line] or [[]]
        if not rows or not 0 <= len(header) - 1 <= _MOST_DIMENSIONS or any(len(row) != len(header) for row in rows):
            return None
        if len(header) == 1 and len(rows) > 1:
            return None
        figures = [_figure(row[-1]) for row in rows]
        read = tuple(Row(tuple(row[:-1]), value) for row, value in zip(rows, figures, strict=True) if value is not None)
        return cls(tuple(header[:-1]), header[-1], read) if len(read) == len(rows) else None

    def as_csv(self) -> str:
        """The same as CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*self.dimensions, self.column])
        writer.writerows([*row.labels, row.value] for row in self.rows)
        return out.getvalue()

    @property
    def measure(self) -> str:
        """What the figures are, without the unit: `profit margin`."""
        return self.column.removesuffix("_eur").removesuffix("_percent").replace("_", " ")

    @property
    def unit(self) -> Unit:
        """The unit of the figures."""
        return unit_of(self.column, [row.value for row in self.rows])

    @property
    def adds_up(self) -> bool:
        """Whether a sum, and so a share, of the figures means anything."""
        return self.unit in {"eur", "number"}

    @property
    def total(self) -> float:
        """The sum of the figures."""
        return sum(row.value for row in self.rows)

    @property
    def points(self) -> list[Point]:
        """All figures with their labels; those of two dimensions in one."""
        return [Point(self._name(row), row.value) for row in self.rows]

    def _name(self, row: Row) -> str:
        """`North`, `Espresso in North`, `East in Nov 2024`; without dimensions what is measured."""
        named = dict(zip(self.dimensions, map(self.label, row.labels), strict=True))
        parts = sorted(named, key=lambda dimension: (dimension in OVER_TIME, dimension != "product"))
        joint = " " if len(self.times) > 1 else " in "
        return joint.join(named[dimension] for dimension in parts) or self.measure

    def labels(self, dimension: str) -> list[str]:
        """What there is in a dimension, in the order of the rows."""
        place = self.dimensions.index(dimension)
        return list(dict.fromkeys(row.labels[place] for row in self.rows))

    def lines(self, along: str) -> dict[str, dict[str, float]]:
        """For each label of the other dimension, its figures along this one."""
        at = self.dimensions.index(along)
        lines: dict[str, dict[str, float]] = {}
        for row in self.rows:
            other = "".join(label for place, label in enumerate(row.labels) if place != at)
            lines.setdefault(other, {})[row.labels[at]] = row.value
        return lines

    def label(self, cell: str) -> str:
        """A label as people write it: `2024-03` is `Mar 2024`, `2024 Q1` is `Q1 2024`."""
        if months := months_of_label(cell):
            return name_of(months)
        if "month" in self.dimensions and len(cell) == 2 and cell.isdecimal() and 1 <= int(cell) <= 12:
            return month_abbr[int(cell)]
        return cell

    @property
    def times(self) -> list[str]:
        """The dimensions of time, the finer first."""
        return [dimension for dimension in self.dimensions if dimension in OVER_TIME]


def _figure(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < _LARGEST else None
