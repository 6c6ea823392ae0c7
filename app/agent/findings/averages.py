"""Averages over months, quarters, halves or years. Pure."""

from __future__ import annotations

from statistics import mean

from app.agent.findings.parts import lead_words
from app.agent.findings.ranking import rank
from app.agent.findings.told import Told, capital, extremes, plural, view_points
from app.agent.table import Point, Table
from app.agent.units import write
from app.questions.query import Ranking


def tell_averages(table: Table, ranking: Ranking | None) -> Told | None:
    """None where there is no time to take the average over."""
    if not table.times:
        return None
    return _tell_one(table) if len(table.dimensions) == 1 else _tell_parts(table, ranking or Ranking())


def _tell_one(table: Table) -> Told:
    points, unit = table.points, table.unit
    average = mean(point.value for point in points)
    above = sum(point.value > average for point in points)
    about = f"{table.measure} by {table.dimensions[0]}"
    view = view_points(about, points, unit, is_over_time=True)
    remarks = (*extremes(points, unit), f"Above the average: {above} of {len(points)} {plural(table.dimensions)}")
    return Told(f"{capital(table.measure)} averaged {write(average, unit)} a {table.dimensions[0]}", remarks, view)


def _tell_parts(table: Table, ranking: Ranking) -> Told:
    time = table.times[0]
    points = [Point(table.label(name), mean(values.values())) for name, values in table.lines(time).items()]
    ranked = rank(points, table.unit, ranking)
    what = f"average {table.measure} a {time}"
    other = next(one for one in table.dimensions if one != time)
    if ranked.all_the_same:
        headline = f"All {ranked.of} {plural([other])} have the same {what}: {ranked.write(points[0].value)}"
    elif ranking.count == 1:
        end = "lowest" if ranking.lowest else "highest"
        headline = lead_words(ranked.points, what, unit_text=ranked.write(ranked.points[0].value), end=end)
    else:
        headline = f"{'Bottom' if ranking.lowest else 'Top'} {ranking.count} by {what}: {ranked.in_words()}"
    view = view_points(f"{what} by {other}", points, table.unit, ranked.points)
    return Told(headline, tuple(extremes(points, table.unit)), view)
