"""Series become inline SVG: bars for things beside each other, a line for things one after another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from app.agent.series import Point, Series

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 20, 20, 40, 50
COLOUR, HIGHLIGHT, MUTED = "#2f6f8f", "#d9822b", "#5b6770"
MOST_LABELS = 8


def chart(series: Series) -> str:
    """The chart that fits the series, as an `<svg>` element that says in words what it shows."""
    marks = _line(series) if series.is_over_time else _bars(series)
    name = escape(f"{series.measure} by {series.dimension}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}" font-family="sans-serif" font-size="15">'
        f"{''.join(marks)}</svg>"
    )


def _bars(series: Series) -> Iterator[str]:
    step = (WIDTH - LEFT - RIGHT) / len(series.points)
    floor = _y(0, series)
    for place, point in enumerate(series.points):
        x, y = LEFT + place * step, _y(point.value, series)
        yield (
            f'<rect x="{x + step * 0.15:.1f}" y="{min(y, floor):.1f}" width="{step * 0.7:.1f}"'
            f' height="{abs(floor - y):.1f}" rx="3" fill="{_colour(point, series)}"/>'
        )
        yield _text(x + step / 2, min(y, floor) - 10, series.write(point.value))
        yield _text(x + step / 2, HEIGHT - 20, point.label)


def _line(series: Series) -> Iterator[str]:
    places = [(_x(place, series), _y(point.value, series)) for place, point in enumerate(series.points)]
    track = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    floor = _y(0, series)
    yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor:.1f}" y2="{floor:.1f}" stroke="#c9d1d6"/>'
    yield f'<polyline points="{track}" fill="none" stroke="{COLOUR}" stroke-width="3"/>'
    for point, (x, y) in zip(series.points, places, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_colour(point, series)}"/>'
    for place in _labelled(len(places)):
        yield _text(places[place][0], HEIGHT - 20, series.points[place].label)
    high = series.points.index(series.largest)
    yield _text(places[high][0], places[high][1] - 14, series.write(series.largest.value))


def _labelled(points: int) -> range:
    return range(0, points, -(-points // MOST_LABELS))


def _x(place: int, series: Series) -> float:
    room = WIDTH - LEFT - RIGHT - 80
    return LEFT + 40 + room * place / max(1, len(series.points) - 1)


def _y(value: float, series: Series) -> float:
    high, low = max(series.largest.value, 0.0), min(series.smallest.value, 0.0)
    share = (value - low) / (high - low) if high > low else 0.0
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _colour(point: Point, series: Series) -> str:
    return HIGHLIGHT if point is series.largest else COLOUR


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{MUTED}">{escape(words)}</text>'
