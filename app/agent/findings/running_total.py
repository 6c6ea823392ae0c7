"""Running totals: the sum of all up to each time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from app.agent.findings.insight import Insight, capital, list_names, tied, view_lines, view_points
from app.agent.table import Point, Row, Table
from app.agent.units import write
from app.questions.query import Side, Threshold

_BOUNDS: dict[Side, str] = {"above": "more than", "at least": "at least"}


def describe_running_total(table: Table, limit: Threshold | None) -> Insight | None:
    """None where there is no time to add up over, or what does not add up; `limit` is what is to be reached."""
    if not table.times or not table.adds_up:
        return None
    return _describe_parts(table, limit) if len(table.dimensions) == 2 else _describe_course(table, limit)


def _describe_course(table: Table, limit: Threshold | None) -> Insight:
    """What it came to, and when it was half of that, or reached the limit."""
    sums = accumulate(point.value for point in table.points)
    points = [Point(point.label, value) for point, value in zip(table.points, sums, strict=True)]
    last = points[-1]
    half = next((point for point in points if point.value >= last.value / 2), last)
    whole = f"{capital(table.measure)} added up to {write(last.value, table.unit)} by {last.label}"
    remarks = [f"Half of it was reached in {half.label}: {write(half.value, table.unit)}"]
    headline, remarks = (
        (_reached(table.measure, points, limit, table), [whole, *remarks]) if limit else (whole, remarks)
    )
    view = view_points(f"running total of {table.measure} by {table.times[0]}", points, table.unit, is_over_time=True)
    return Insight(headline, tuple(remarks), view)


def _reached(name: str, sums: Sequence[Point], limit: Threshold, table: Table) -> str:
    """When a sum was first beyond the limit, and what it was then."""
    bound = f"{_BOUNDS[limit.side]} {write(limit.value or 0.0, table.unit)}"
    first = next((point for point in sums if limit.is_passed_by(point.value, limit.value or 0.0)), None)
    if first is None:
        return f"{capital(name)} did not add up to {bound}"
    return f"{capital(name)} added up to {bound} in {first.label}: {write(first.value, table.unit)}"


def _describe_parts(table: Table, limit: Threshold | None) -> Insight:
    """What each part came to, or when it reached the limit; years are added up each for itself."""
    time = table.times[0]
    lines = {name: dict(zip(line, accumulate(line.values()), strict=True)) for name, line in table.lines(time).items()}
    at = table.dimensions.index(time)
    rows = [Row(row.labels, lines[row.labels[1 - at]][row.labels[at]]) for row in table.rows]
    summed = view_lines(replace(table, rows=tuple(rows)), time)
    ends = [Point(table.label(name), list(line.values())[-1]) for name, line in lines.items()]
    top, last = tied(ends), table.label(table.labels(time)[-1])
    most = f"{write(top[0].value, table.unit)} by {last}"
    headline = f"{list_names(top)} added up to the most {table.measure}: {most}"
    remarks = tuple(f"{one.label} added up to {write(one.value, table.unit)}" for one in ends)
    if limit:
        of_each = {
            table.label(name): [Point(table.label(label), value) for label, value in line.items()]
            for name, line in lines.items()
        }
        remarks = tuple(_reached(name, points, limit, table) for name, points in of_each.items())
    return Insight(headline, remarks, replace(summed, about=f"running total of {summed.about}"))
