"""Averages and medians over months, quarters, halves or years. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, median
from typing import Literal

from app.agent.findings.insight import Insight, capital, extremes, plural, view_points
from app.agent.findings.parts import lead_words
from app.agent.findings.ranking import rank
from app.agent.table import Point, Table
from app.agent.units import write
from app.questions.query import Ranking

AverageKind = Literal["average", "median"]
_STATISTICS: dict[AverageKind, Callable[[Sequence[float]], float]] = {"average": mean, "median": median}


def describe_averages(table: Table, ranking: Ranking | None, kind: AverageKind = "average") -> Insight | None:
    """None where there is no time to take the average over; seasons are time where there is no other."""
    time = next((one for one in (*table.times, *table.dimensions) if one in {*table.times, "season"}), None)
    if time is None:
        return None
    if len(table.dimensions) == 1:
        return _describe_one(table, kind)
    return _describe_parts(table, time, ranking or Ranking(), kind)


def _describe_one(table: Table, kind: AverageKind) -> Insight:
    points, unit = table.points, table.unit
    average = _STATISTICS[kind]([point.value for point in points])
    above = sum(point.value > average for point in points)
    about = f"{table.measure} by {table.dimensions[0]}"
    view = view_points(about, points, unit, is_over_time=bool(table.times))
    remarks = (*extremes(points, unit), f"Above the {kind}: {above} of {len(points)} {plural(table.dimensions)}")
    verb = "averaged" if kind == "average" else "had a median of"
    return Insight(f"{capital(table.measure)} {verb} {write(average, unit)} a {table.dimensions[0]}", remarks, view)


def _describe_parts(table: Table, time: str, ranking: Ranking, kind: AverageKind) -> Insight:
    statistic = _STATISTICS[kind]
    lines = table.lines(time).items()
    points = [Point(table.label(name), statistic(list(values.values()))) for name, values in lines]
    ranked = rank(points, table.unit, ranking)
    what = f"{kind} {table.measure} a {time}"
    other = next(one for one in table.dimensions if one != time)
    if ranked.all_the_same:
        headline = f"All {ranked.of} {plural([other])} have the same {what}: {ranked.write(points[0].value)}"
    elif ranking.count == 1:
        end = "lowest" if ranking.lowest else "highest"
        headline = lead_words(ranked.points, what, unit_text=ranked.write(ranked.points[0].value), end=end)
    else:
        headline = f"{'Bottom' if ranking.lowest else 'Top'} {ranking.count} by {what}: {ranked.in_words()}"
    view = view_points(f"{what} by {other}", points, table.unit, ranked.points)
    return Insight(headline, tuple(extremes(points, table.unit)), view)
