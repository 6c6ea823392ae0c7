"""The average of all steps of growth: of one course, or of each part's. Pure."""

from __future__ import annotations

from statistics import mean

from app.agent.findings.growth import levels_of, steps_along, steps_of
from app.agent.findings.insight import Insight, capital, plural, tied, view_points
from app.agent.findings.ranking import rank
from app.agent.table import Point, Table
from app.agent.units import describe_end, is_written_as_nothing, write_amount, write_change
from app.questions.query import Ranking


def describe_average_growth(table: Table, ranking: Ranking | None) -> Insight | None:
    """None where no time has the one before it."""
    if len(table.times) != 1:
        return None
    parts = [one for one in table.dimensions if one not in table.times]
    return _describe_parts(table, parts[0], ranking or Ranking()) if parts else _describe_course(table)


def _describe_course(table: Table) -> Insight | None:
    """One course, and its strongest and its weakest step."""
    steps, unit, time = steps_of(table), table.unit, table.times[0]
    if not steps:
        return None
    average = mean(step.value for step in steps)
    ends = {"Strongest": max(steps, key=_value), "Weakest": min(steps, key=_value)}
    is_told = len(tied(steps)) < len(steps)
    remarks = [f"{end} step: {step.label}, {write_change(step.value, unit)}" for end, step in ends.items() if is_told]
    fell = sum(step.value < 0 for step in steps)
    view = view_points(f"change of {table.measure} by {time}", steps, "percent")
    headline = f"On average {table.measure} {_moved(average, table)} a {time}"
    return Insight(headline, (*remarks, f"Fell in {fell} of {len(steps)} {plural([time])}"), view)


def _value(point: Point) -> float:
    return point.value


def _moved(average: float, table: Table) -> str:
    """`rose 0.9%`."""
    if is_written_as_nothing(average, table.unit):
        return "hardly changed"
    return f"{'rose' if average > 0 else 'fell'} {write_amount(average, table.unit)}"


def _describe_parts(table: Table, part: str, ranking: Ranking) -> Insight | None:
    """Each part's course beside the others'."""
    time = table.times[0]
    steps = {name: steps_along(line, table) for name, line in table.lines(time).items()}
    points = [Point(table.label(name), mean(step.value for step in one)) for name, one in steps.items() if one]
    if not points:
        return None
    ranked = rank(points, "percent", ranking, lambda value: write_change(value, table.unit))
    what = f"{table.measure} {describe_end(ranked.points[0].value, table.unit, lowest=ranking.lowest)}"
    headline = f"On average {what} for {ranked.in_words()} a {time}"
    if ranked.all_the_same:
        headline = f"{capital(table.measure)} moved alike for all {ranked.of} {plural([part])} on average a {time}"
    view = view_points(f"average change of {table.measure} by {part} a {time}", points, "percent", ranked.points)
    return Insight(headline, tuple(levels_of(table, time)), view)
