"""Growth: from the first time to the last, step by step, or beside each other. Pure."""

from __future__ import annotations

from itertools import pairwise

from app.agent.findings.course import movement
from app.agent.findings.grid import changes_along
from app.agent.findings.insight import Insight, capital, list_names, plural, view_points
from app.agent.findings.ranking import Ranked, rank
from app.agent.table import Point, Table
from app.agent.units import change, describe_end, write, write_change
from app.questions.months import months_of_label, shift
from app.questions.query import Ranking


def describe_growth(table: Table, ranking: Ranking | None) -> Insight | None:
    """None where there are not two times to grow between."""
    if not table.times or len(table.labels(table.times[-1])) < 2:
        return None
    is_of_parts = len(table.dimensions) == 2
    return _describe_parts(table, ranking or Ranking()) if is_of_parts else _describe_steps(table, ranking)


def _describe_steps(table: Table, ranking: Ranking | None) -> Insight:
    points, unit = table.points, table.unit
    whole = movement(table.measure, points, unit)
    levels = (
        f"{points[0].label}: {write(points[0].value, unit)}",
        f"{points[-1].label}: {write(points[-1].value, unit)}",
    )
    steps = steps_of(table) if len(points) > 2 else []
    if not steps:
        view = view_points(f"{table.measure} by {table.dimensions[0]}", points, unit)
        return Insight(whole, levels, view, names_time=True)
    ranked = rank(steps, "percent", ranking or Ranking(), lambda moved: write_change(moved, unit))
    falls = min(steps, key=lambda step: step.value)
    best = f"{_verb(ranked, ranking or Ranking(), table)} in {ranked.in_words()} on the {table.dimensions[0]} before"
    fell = sum(step.value < 0 for step in steps)
    often = f"Fell in {fell} of {len(steps)} {plural(table.dimensions)}"
    remarks = (*levels, f"Weakest step: {falls.label}, {write_change(falls.value, unit)}", often)
    view = view_points(f"change of {table.measure} by {table.dimensions[0]}", steps, "percent", ranked.points)
    if ranking:
        return Insight(best, (*remarks, f"{whole}"), view)
    return Insight(whole, (best, *remarks), view, names_time=True)


def steps_of(table: Table) -> list[Point]:
    """The change of each time on the one right before it; where that is not among them there is no step."""
    return steps_along({row.labels[0]: row.value for row in table.rows}, table)


def steps_along(line: dict[str, float], table: Table) -> list[Point]:
    """The same of one line of a table, by the labels of its times."""
    adjacent = [
        (before, after)
        for before, after in pairwise(line)
        if months_of_label(after)[:1] == shift(months_of_label(before)[-1:], 1)
    ]
    steps = [(table.label(after), change(line[before], line[after], table.unit)) for before, after in adjacent]
    return [Point(label, moved) for label, moved in steps if moved is not None]


def _describe_parts(table: Table, ranking: Ranking) -> Insight | None:
    time = table.times[-1]
    moved = changes_along(table, time)
    if not moved:
        return None
    first, *_, last = table.labels(time)
    when = f"from {table.label(first)} to {table.label(last)}"
    ranked = rank(moved, "percent", ranking, lambda value: write_change(value, table.unit))
    other = next(one for one in table.dimensions if one != time)
    remarks = levels_of(table, time)
    view = view_points(f"change of {table.measure} by {other} {when}", moved, "percent", ranked.points)
    return Insight(_headline(ranked, ranking, table, when, other), tuple(remarks), view, names_time=True)


def levels_of(table: Table, time: str) -> list[str]:
    """`North: €1 to €2`: what each part had at both ends."""
    first, *_, last = table.labels(time)
    return [
        f"{table.label(name)}: {write(values[first], table.unit)} to {write(values[last], table.unit)}"
        for name, values in table.lines(time).items()
        if first in values and last in values
    ][:6]


def _headline(ranked: Ranked, ranking: Ranking, table: Table, when: str, other: str) -> str:
    written = ranked.write(ranked.points[0].value)
    if ranked.all_the_same:
        return f"{capital(table.measure)} moved alike for all {ranked.of} {plural([other])}: {written} {when}"
    verb = _verb(ranked, ranking, table)
    if ranking.count == 1:
        return f"{verb} for {list_names(ranked.points)}: {written} {when}"
    return f"{verb} for {ranked.in_words()} {when}"


def _verb(ranked: Ranked, ranking: Ranking, table: Table) -> str:
    """`Revenue grew the most`."""
    words = describe_end(ranked.points[0].value, table.unit, lowest=ranking.lowest)
    return f"{capital(table.measure)} {words}"
