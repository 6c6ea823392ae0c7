"""Figures one after another in time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, pstdev

from app.agent.findings.insight import Insight, capital, difference, extremes, tied, view_points
from app.agent.table import Point, Table
from app.agent.units import Unit, change, is_written_as_nothing, write, write_amount

# How many standard deviations off the other points a point is called out for, and how many others that takes.
OUTLIER_DEVIATIONS = 4.0
_LEAST_OTHERS = 3


def describe_course(table: Table) -> Insight:
    """From the first to the last, and what stands out between them."""
    points, unit = table.points, table.unit
    odd = outlier(points)
    aside = f", and {odd.label} stands out" if odd else ""
    total = [f"Total {table.measure}: {write(table.total, unit)}"] if table.adds_up else []
    about = f"{table.measure} by {table.dimensions[0]}"
    view = view_points(about, points, unit, tied(points), is_over_time=True)
    gap = difference(points, unit) if len(points) == 2 else []
    remarks = (*extremes(points, unit), *gap, *total)
    return Insight(movement(table.measure, points, unit), remarks, view, names_time=True, aside=aside)


def movement(measure: str, points: Sequence[Point], unit: Unit) -> str:
    """`Revenue rose 12.3% from 2023 to 2024`."""
    first, last = points[0], points[-1]
    when = f"from {first.label} to {last.label}"
    moved = change(first.value, last.value, unit)
    if len(tied(points)) == len(points):
        return f"{capital(measure)} stayed at {write(first.value, unit)} {when}"
    if moved is None:
        return f"{capital(measure)} went from {write(first.value, unit)} to {write(last.value, unit)} {when}"
    if is_written_as_nothing(moved, unit):
        return f"{capital(measure)} hardly changed {when}: {write(first.value, unit)} and {write(last.value, unit)}"
    return f"{capital(measure)} {'rose' if moved > 0 else 'fell'} {write_amount(moved, unit)} {when}"


def outlier(points: Sequence[Point]) -> Point | None:
    """The point that stands furthest off the others, if it stands off far enough."""
    far = [point for point in points if deviations(point, points) > OUTLIER_DEVIATIONS]
    return max(far, key=lambda point: deviations(point, points), default=None)


def deviations(point: Point, points: Sequence[Point]) -> float:
    """How many standard deviations of the others a point is away from their mean."""
    others = [other.value for other in points if other is not point]
    spread = pstdev(others) if len(others) >= _LEAST_OTHERS else 0.0
    return abs(point.value - mean(others)) / spread if spread else 0.0
