"""Views become inline SVG: bars for things beside each other, lines or areas for things one after another. Pure.

Every mark says in a `<title>` what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Literal, get_args

from app.agent.findings.insight import Line, View
from app.agent.scale import HEIGHT, LEFT, RIGHT, WIDTH, Scale, course_x, slot_width
from app.agent.units import write, write_short, write_tick

ChartKind = Literal["bar", "line", "area"]
CHART_KINDS: tuple[ChartKind, ...] = get_args(ChartKind)

COLOURS = ("#2f6f8f", "#8a5a83", "#4c8b57", "#b0803a", "#6b6bb0", "#5b6770")
HIGHLIGHT, MUTED, GRID = "#d9822b", "#5b6770", "#e3e8eb"
MOST_LABELS = 8
# A course of so many points that add up is shown as the amount that it is.
AREA_POINTS = 12
_LEGEND_STEP = 118


def fitting(view: View) -> ChartKind:
    """The kind of chart that fits the view."""
    if not view.is_over_time:
        return "bar"
    is_amount = view.adds_up and view.unit in {"eur", "number"} and len(view.lines) == 1
    return "area" if is_amount and len(view.labels) >= AREA_POINTS else "line"


def kind_named(name: str) -> ChartKind | None:
    """The kind of chart with this name."""
    return next((kind for kind in CHART_KINDS if kind == name), None)


def chart(view: View, kind: ChartKind | None = None) -> str:
    """The chart as an `<svg>` element that says in words what it shows; of the kind that fits, if none is named."""
    kind = kind or fitting(view)
    scale = Scale.spanning(view.figures)
    if len(view.figures) == 1:
        marks = list(_figure(view))
    else:
        drawn = _bars(view, scale) if kind == "bar" else _courses(view, scale, filled=kind == "area")
        marks = [*_grid(view, scale), *drawn, *_legend(view)]
    name = escape(f"{view.about}, {kind} chart")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}" font-family="sans-serif" font-size="15">'
        f"{''.join(marks)}</svg>"
    )


def _figure(view: View) -> Iterator[str]:
    """One figure alone is written large."""
    yield (
        f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT / 2:.0f}" text-anchor="middle" fill="{COLOURS[0]}" font-size="84">'
        f"{escape(write(view.figures[0], view.unit))}{_title(view, view.lines[0], 0)}</text>"
    )
    yield _text(WIDTH / 2, HEIGHT / 2 + 48, view.about)


def _grid(view: View, scale: Scale) -> Iterator[str]:
    largest = max(abs(value) for value in scale.lines)
    for value in scale.lines:
        y = scale.y(value)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
        yield _text(LEFT - 10, y + 5, write_tick(value, view.unit, largest), anchor="end")


def _legend(view: View) -> Iterator[str]:
    if len(view.lines) < 2:
        return
    for place, line in enumerate(view.lines):
        x = LEFT + place * _LEGEND_STEP
        yield f'<circle cx="{x:.0f}" cy="14" r="6" fill="{_colour(place)}"/>'
        yield _text(x + 12, 19, line.name, anchor="start")


def _bars(view: View, scale: Scale) -> Iterator[str]:
    slot, floor = slot_width(len(view.labels)), scale.y(0)
    width = slot * 0.7 / len(view.lines)
    for number, line in enumerate(view.lines):
        for place, value in enumerate(line.values):
            if value is None:
                continue
            x, y = LEFT + place * slot + slot * 0.15 + number * width, scale.y(value)
            yield (
                f'<rect x="{x:.1f}" y="{min(y, floor):.1f}" width="{width:.1f}" height="{abs(floor - y):.1f}" rx="2"'
                f"{_mark(view, number, place, 'fill')}>{_title(view, line, place)}</rect>"
            )
            if len(view.figures) <= MOST_LABELS:
                yield _text(x + width / 2, min(y, floor) - 8, write_short(value, view.unit))
    for place in _labelled(len(view.labels)):
        yield _text(LEFT + (place + 0.5) * slot, HEIGHT - 18, view.labels[place])


def _courses(view: View, scale: Scale, *, filled: bool) -> Iterator[str]:
    for number, line in enumerate(view.lines):
        yield from _course(view, number, line, scale, filled=filled)
    for place in _labelled(len(view.labels)):
        yield _text(course_x(place, len(view.labels)), HEIGHT - 18, view.labels[place])


def _course(view: View, number: int, line: Line, scale: Scale, *, filled: bool) -> Iterator[str]:
    count = len(view.labels)
    places = [
        (place, course_x(place, count), scale.y(value)) for place, value in enumerate(line.values) if value is not None
    ]
    track = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in places)
    if filled:
        corners = f"{places[0][1]:.1f},{scale.y(0):.1f} {track} {places[-1][1]:.1f},{scale.y(0):.1f}"
        yield f'<polygon points="{corners}" fill="{_colour(number)}" fill-opacity="0.22"/>'
    yield (
        f'<polyline points="{track}" fill="none" stroke="{_colour(number)}" stroke-width="3" stroke-linejoin="round"/>'
    )
    for place, x, y in places:
        mark = _mark(view, number, place, "fill")
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"{mark}>{_title(view, line, place)}</circle>'
        if (number, place) in view.marked and len(view.marked) <= MOST_LABELS:
            yield _text(x, y - 12, write_short(line.values[place] or 0.0, view.unit))


def _mark(view: View, number: int, place: int, attribute: str) -> str:
    """The colour of a mark; where lines have colours of their own, what the words are about has a border instead."""
    is_marked = (number, place) in view.marked
    if len(view.lines) == 1:
        return f' {attribute}="{HIGHLIGHT if is_marked else _colour(number)}"'
    border = f' stroke="{HIGHLIGHT}" stroke-width="3"' if is_marked else ""
    return f' {attribute}="{_colour(number)}"{border}'


def _title(view: View, line: Line, place: int) -> str:
    value = line.values[place]
    name = f"{line.name}, " if len(view.lines) > 1 else ""
    return f"<title>{escape(f'{name}{view.labels[place]}: {write(value or 0.0, view.unit)}')}</title>"


def _labelled(points: int) -> range:
    return range(0, points, -(-points // MOST_LABELS))


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{MUTED}">{escape(words)}</text>'
