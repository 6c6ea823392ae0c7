"""Series become inline SVG: bars for things beside each other, a line or an area for things one after another. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Literal, get_args

from app.agent.series import Point, Series

ChartKind = Literal["bar", "line", "area"]
CHART_KINDS: tuple[ChartKind, ...] = get_args(ChartKind)

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 44, 48
COLOUR, HIGHLIGHT, MUTED, GRID = "#2f6f8f", "#d9822b", "#5b6770", "#e3e8eb"
MOST_LABELS = 8
GRID_LINES = 4
# A course of so many points that add up is shown as the amount that it is.
AREA_POINTS = 12


def fitting(series: Series) -> ChartKind:
    """The kind of chart that fits the series."""
    if not series.is_over_time:
        return "bar"
    return "area" if series.adds_up and len(series.points) >= AREA_POINTS else "line"


def chart(series: Series, kind: ChartKind | None = None) -> str:
    """The chart as an `<svg>` element that says in words what it shows; of the kind that fits, if none is named."""
    kind = kind or fitting(series)
    marks = _bars(series) if kind == "bar" else _course(series, filled=kind == "area")
    name = escape(f"{series.measure} by {series.dimension}, {kind} chart")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}" font-family="sans-serif" font-size="15">'
        f"{''.join(_grid(series))}{''.join(marks)}</svg>"
    )


def _grid(series: Series) -> Iterator[str]:
    low, high = _range(series)
    step = _step(series)
    for line in range(round((high - low) / step) + 1):
        value = low + line * step
        y = _y(value, series)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
        yield _text(LEFT - 10, y + 5, series.write(value), anchor="end")


def _bars(series: Series) -> Iterator[str]:
    step = (WIDTH - LEFT - RIGHT) / len(series.points)
    floor = _y(0, series)
    for place, point in enumerate(series.points):
        x, y = LEFT + place * step, _y(point.value, series)
        yield (
            f'<rect x="{x + step * 0.18:.1f}" y="{min(y, floor):.1f}" width="{step * 0.64:.1f}"'
            f' height="{abs(floor - y):.1f}" rx="3" fill="{_colour(point, series)}"/>'
        )
        if len(series.points) <= MOST_LABELS:
            yield _text(x + step / 2, min(y, floor) - 10, series.write(point.value))
    for place in _labelled(len(series.points)):
        yield _text(LEFT + (place + 0.5) * step, HEIGHT - 18, series.points[place].label)


def _course(series: Series, *, filled: bool) -> Iterator[str]:
    places = [(_x(place, series), _y(point.value, series)) for place, point in enumerate(series.points)]
    track = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    if filled:
        floor = _y(0, series)
        corners = f"{places[0][0]:.1f},{floor:.1f} {track} {places[-1][0]:.1f},{floor:.1f}"
        yield f'<polygon points="{corners}" fill="{COLOUR}" fill-opacity="0.22"/>'
    yield f'<polyline points="{track}" fill="none" stroke="{COLOUR}" stroke-width="3" stroke-linejoin="round"/>'
    for point, (x, y) in zip(series.points, places, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_colour(point, series)}"/>'
    for place in _labelled(len(places)):
        yield _text(places[place][0], HEIGHT - 18, series.points[place].label)
    high = series.points.index(series.largest)
    yield _text(places[high][0], places[high][1] - 14, series.write(series.largest.value))


def _labelled(points: int) -> range:
    return range(0, points, -(-points // MOST_LABELS))


def _x(place: int, series: Series) -> float:
    room = WIDTH - LEFT - RIGHT - 60
    return LEFT + 30 + room * place / max(1, len(series.points) - 1)


def _y(value: float, series: Series) -> float:
    low, high = _range(series)
    share = (value - low) / (high - low) if high > low else 0.0
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _range(series: Series) -> tuple[float, float]:
    """From the grid line below all figures to the one above; zero is always among them."""
    step = _step(series)
    low, high = min(series.smallest.value, 0.0), max(series.largest.value, 0.0)
    return math.floor(low / step) * step, max(math.ceil(high / step), 1) * step


def _step(series: Series) -> float:
    """A round distance between grid lines."""
    span = max(series.largest.value, 0.0) - min(series.smallest.value, 0.0) or 1.0
    rough = span / GRID_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * mantissa for mantissa in (1, 2, 2.5, 5, 10) if power * mantissa >= rough)


def _colour(point: Point, series: Series) -> str:
    return HIGHLIGHT if point is series.largest else COLOUR


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{MUTED}">{escape(words)}</text>'
