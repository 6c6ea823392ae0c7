"""One figure, and figures of regions or products beside each other. Pure."""

from __future__ import annotations

from app.agent.findings.insight import (
    Insight,
    capital,
    difference,
    extremes,
    list_names,
    plural,
    tied,
    total_of,
    view_points,
)
from app.agent.table import Point, Table
from app.agent.units import change, write, write_amount


def describe_figure(table: Table) -> Insight:
    """One figure, without anything to compare it with."""
    point = table.points[0]
    view = view_points(table.measure, [point], table.unit, [point])
    label = f" of {point.label}" if table.dimensions else ""
    verb = "were" if _is_plural(table.measure) else "was"
    return Insight(f"{capital(table.measure)}{label} {verb} {write(point.value, table.unit)}", (), view)


def describe_parts(table: Table) -> Insight:
    """Several figures: who leads, and by how much."""
    points = table.points
    about = f"{table.measure} by {table.dimensions[0]}"
    view = view_points(about, points, table.unit, tied(points))
    gap = difference(points, table.unit) if len(points) == 2 else []
    return Insight(_headline(table), (*extremes(points, table.unit), *gap, *total_of(table)), view)


def _headline(table: Table) -> str:
    points, unit, measure = table.points, table.unit, table.measure
    top = tied(points)
    if len(top) == len(points):
        return f"All {len(points)} {plural(table.dimensions)} have the same {measure}: {write(top[0].value, unit)}"
    if len(points) == 2:
        return _of_two(top[0], next(point for point in points if point not in top), table)
    if table.adds_up and min(point.value for point in points) >= 0:
        share = f"{top[0].value / table.total:.0%} of {measure}"
        return f"{list_names(top)} lead with {share} each" if len(top) > 1 else f"{top[0].label} leads with {share}"
    return lead_words(top, measure, unit_text=write(top[0].value, unit))


def lead_words(top: list[Point], measure: str, *, unit_text: str, end: str = "highest") -> str:
    """`A has the highest margin: 53.4%`, or `A and B share …`."""
    verb = "share" if len(top) > 1 else "has"
    return f"{list_names(top)} {verb} the {end} {measure}: {unit_text}"


def _of_two(high: Point, low: Point, table: Table) -> str:
    written = f"{write(high.value, table.unit)} against {write(low.value, table.unit)}"
    moved = change(low.value, high.value, table.unit)
    more = f", {write_amount(moved, table.unit)} more" if moved is not None and low.value >= 0 else ""
    return f"{high.label} has {more_of(table.measure)} than {low.label}: {written}{more}"


def more_of(measure: str) -> str:
    """`a higher revenue`, `more units`."""
    return f"{'more' if _is_plural(measure) else 'a higher'} {measure}"


def _is_plural(measure: str) -> bool:
    return measure.endswith("units")
