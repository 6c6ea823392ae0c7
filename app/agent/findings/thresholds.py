"""Which figures are above a value, or below it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from app.agent.findings.insight import (
    Insight,
    capital,
    extremes,
    join_runs,
    list_names,
    plural,
    view_lines,
    view_points,
)
from app.agent.findings.shares import shares
from app.agent.table import Point, Table
from app.agent.units import write
from app.questions.query import Threshold


def describe_threshold(table: Table, threshold: Threshold, *, of_shares: bool = False) -> Insight:
    """How many figures pass, and which."""
    points = shares(table) if of_shares and len(table.dimensions) == 1 else table.points
    unit = "percent" if of_shares and len(table.dimensions) == 1 else table.unit
    measure = f"share of {table.measure}" if unit != table.unit else table.measure
    limit, owner = _limit(threshold, points)
    others = [point for point in points if point.label != threshold.than]
    passing = [point for point in others if threshold.is_passed_by(point.value, limit)]
    bound = f"{threshold.side} {owner}{write(limit, unit)}"
    if threshold.side == "between":
        bound += f" and {write(threshold.most, unit)}"
    if not table.dimensions:
        verb = "were" if measure.endswith("units") else "was"
        headline = f"{capital(measure)} {verb} {write(points[0].value, unit)}, {'' if passing else 'not '}{bound}"
        return Insight(headline, (), view_points(measure, points, unit, passing))
    kind = "other " if threshold.than else ""
    count = f"{len(passing) or 'None'} of {len(others)} {kind}{plural(table.dimensions)}"
    headline = f"{count} {'has' if len(passing) == 1 else 'have'} {measure} {bound}"
    named = f": {_named(table, passing)}" if passing else ""
    if len(table.dimensions) == 1:
        about = f"{measure} by {table.dimensions[0]}"
        view = view_points(about, points, unit, passing, is_over_time=bool(table.times))
    else:
        marked = [
            (row.labels[1], row.labels[0]) for row, point in zip(table.rows, points, strict=True) if point in passing
        ]
        view = view_lines(table, table.dimensions[0], marked)
    return Insight(f"{headline}{named}", tuple(extremes(points, unit)), view)


def _named(table: Table, passing: Sequence[Point]) -> str:
    """Times in their order, those that follow each other by their ends."""
    if len(table.dimensions) > 1 or not table.times:
        return list_names(passing)
    return join_runs([point.label for point in passing], [point.label for point in table.points])


def _limit(threshold: Threshold, points: Sequence[Point]) -> tuple[float, str]:
    """What figures are to pass, and whose it is."""
    if threshold.than:
        return next(point.value for point in points if point.label == threshold.than), f"{threshold.than}’s "
    if threshold.value is None:
        return mean(point.value for point in points), "the average of "
    return threshold.value, ""
