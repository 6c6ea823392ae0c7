"""What a table says, and the words that all findings share. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.agent.table import Point, Table
from app.agent.units import PERCENTAGES, Unit, write, write_amount

_MOST_NAMES = 5
# Rows come with six decimals.
_NOISE = 1e-6


@dataclass(frozen=True)
class Line:
    """Figures with a name, one for each label of the view; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class View:
    """What a chart shows. `marked` are the places (line, label) of the figures that the words are about."""

    about: str
    labels: tuple[str, ...]
    lines: tuple[Line, ...]
    unit: Unit
    is_over_time: bool = False
    adds_up: bool = True
    marked: frozenset[tuple[int, int]] = frozenset()

    @property
    def figures(self) -> list[float]:
        """All figures that there are."""
        return [value for line in self.lines for value in line.values if value is not None]


@dataclass(frozen=True)
class Insight:
    """A headline, remarks and a view. `names_time`: the headline says itself which time it is about.

    `aside` follows it, behind the part of the data that it is about.
    """

    headline: str
    remarks: tuple[str, ...]
    view: View
    names_time: bool = False
    aside: str = ""


def view_points(
    about: str, points: Sequence[Point], unit: Unit, marked: Sequence[Point] = (), *, is_over_time: bool = False
) -> View:
    """One line of points."""
    places = frozenset((0, place) for place, point in enumerate(points) if point in marked)
    line = Line(about, tuple(point.value for point in points))
    return View(about, tuple(point.label for point in points), (line,), unit, is_over_time, marked=places)


def view_lines(table: Table, along: str, marked: Sequence[tuple[str, str]] = ()) -> View:
    """A table of two dimensions as lines along one of them; `marked` are pairs of labels: of the line, along it."""
    labels, lines = table.labels(along), table.lines(along)
    drawn = tuple(Line(table.label(name), tuple(values.get(one) for one in labels)) for name, values in lines.items())
    names = list(lines)
    places = frozenset((names.index(name), labels.index(label)) for name, label in marked)
    about = f"{table.measure} by {along} and {next(one for one in table.dimensions if one != along)}"
    shown = tuple(map(table.label, labels))
    return View(about, shown, drawn, table.unit, along in table.times, table.adds_up, places)


def extremes(points: Sequence[Point], unit: Unit) -> list[str]:
    """The highest and the lowest; nothing where all are the same."""
    high, low = tied(points), tied(points, lowest=True)
    if len(high) == len(points):
        return []
    return [
        f"Highest: {list_names(high)}, {write(high[0].value, unit)}",
        f"Lowest: {list_names(low)}, {write(low[0].value, unit)}",
    ]


def total_of(table: Table) -> list[str]:
    """The sum of the figures, where that means anything."""
    return [f"Total {table.measure}: {write(table.total, table.unit)}"] if table.adds_up else []


def difference(points: Sequence[Point], unit: Unit) -> list[str]:
    """How far apart two figures are; nothing where they are the same."""
    apart = abs(points[0].value - points[1].value)
    written = write_amount(apart, unit) if unit in PERCENTAGES else write(apart, unit)
    return [] if is_same(points[0].value, points[1].value) else [f"Difference: {written}"]


def tied(points: Sequence[Point], *, lowest: bool = False) -> list[Point]:
    """All points that have the highest, or the lowest, figure."""
    end = (min if lowest else max)(point.value for point in points)
    return [point for point in points if is_same(point.value, end)]


def is_same(one: float, other: float) -> bool:
    """Whether two figures differ by no more than what computing them does."""
    return abs(one - other) < _NOISE


def list_names(points: Sequence[Point]) -> str:
    """`A`, `A and B`, `A, B and C`; only how many where there are too many to name."""
    return join_words([point.label for point in points])


def join_words(words: Sequence[str]) -> str:
    """`A, B and C`, or the first few and how many more."""
    if len(words) > _MOST_NAMES:
        return f"{', '.join(words[: _MOST_NAMES - 1])} and {len(words) - _MOST_NAMES + 1} more"
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def join_runs(words: Sequence[str], every: Sequence[str]) -> str:
    """`A, B and D to G`: of three or more that follow each other in `every` the first and the last."""
    runs = list[list[str]]()
    for word in words:
        follows = bool(runs) and every.index(word) == every.index(runs[-1][-1]) + 1
        runs = [*runs[:-1], [*runs[-1], word]] if follows else [*runs, [word]]
    listed = [name for run in runs for name in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else run)]
    return " and ".join(filter(None, [", ".join(listed[:-1]), *listed[-1:]]))


def capital(words: str) -> str:
    """With a capital letter in front."""
    return words[:1].upper() + words[1:]


def plural(dimensions: Sequence[str]) -> str:
    """What the points are: `regions`, `halves`; of two dimensions `figures`."""
    return {"half": "halves"}.get(dimensions[0], f"{dimensions[0]}s") if len(dimensions) == 1 else "figures"
