"""Shares of a whole: of all, or of each region, product or time. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.agent.findings.course import movement
from app.agent.findings.insight import (
    Insight,
    Line,
    View,
    capital,
    extremes,
    join_words,
    list_names,
    plural,
    tied,
    view_points,
)
from app.agent.findings.ranking import Ranked, rank
from app.agent.table import Point, Table
from app.agent.units import describe_end, write, write_change
from app.questions.query import OVER_TIME, Query, Ranking


def describe_shares(table: Table, query: Query) -> Insight | None:
    """None where there is no whole to have a share of."""
    parts = [one for one in table.dimensions if one not in OVER_TIME]
    of = query.share_of or (parts[-1] if parts else "")
    if of not in table.dimensions or not table.adds_up or any(row.value < 0 for row in table.rows) or not table.total:
        return None
    names = query.members(query.share_of).names if query.share_of else ()
    if len(table.dimensions) == 1:
        return _describe_of_all(table, names, query.ranking or Ranking())
    return _describe_of_each(table, of, names, query)


def shares(table: Table) -> list[Point]:
    """The share of each part in the whole, in percent."""
    return [Point(point.label, 100 * point.value / table.total) for point in table.points]


def _describe_of_all(table: Table, names: Sequence[str], ranking: Ranking) -> Insight:
    points = shares(table)
    named = [point for point in points if point.label in names]
    ranked = rank(points, "percent", ranking)
    amounts = [f"{point.label}: {write(point.value, table.unit)}" for point in table.points]
    remarks = (*amounts[:6], f"Total {table.measure}: {write(table.total, table.unit)}")
    about = f"share of {table.measure} by {table.dimensions[0]}"
    view = view_points(about, points, "percent", named or ranked.points)
    headline = _named_words(named, table) if named else _ranked_words(ranked, ranking, table)
    return Insight(headline, remarks, view)


def _named_words(named: Sequence[Point], table: Table) -> str:
    if len(named) == 1:
        return f"{named[0].label} has {write(named[0].value, 'percent')} of {table.measure}"
    together = write(sum(point.value for point in named), "percent")
    each = join_words([f"{point.label} {write(point.value, 'percent')}" for point in named])
    return f"{join_words([point.label for point in named])} have {together} of {table.measure} together: {each}"


def _ranked_words(ranked: Ranked, ranking: Ranking, table: Table) -> str:
    if ranked.all_the_same:
        each = ranked.write(ranked.points[0].value)
        return f"All {ranked.of} {plural(table.dimensions)} have the same share of {table.measure}: {each}"
    end = "smallest" if ranking.lowest else "largest"
    if ranking.count == 1:
        verb = "has" if len(ranked.points) == 1 else "have"
        names = join_words([point.label for point in ranked.points])
        return f"{names} {verb} the {end} share of {table.measure}: {ranked.write(ranked.points[0].value)}"
    return f"The {end} shares of {table.measure}: {ranked.in_words()}"


def _describe_of_each(table: Table, of: str, names: Sequence[str], query: Query) -> Insight | None:
    """The share in each region, say, or over time."""
    along = next(one for one in table.dimensions if one != of)
    wholes = {label: sum(values.values()) for label, values in table.lines(of).items()}
    if not all(wholes.values()):
        return None
    labels, lines = table.labels(along), table.lines(along)
    parts = {
        table.label(name): [Point(table.label(one), 100 * values.get(one, 0.0) / wholes[one]) for one in labels]
        for name, values in lines.items()
        if not names or name in names
    }
    drawn = tuple(Line(name, tuple(point.value for point in points)) for name, points in parts.items())
    about = f"share of {table.measure} by {along} and {of}"
    shown = tuple(map(table.label, labels))
    view = View(about, shown, drawn, "percent", along in OVER_TIME, adds_up=False)
    courses = [_course_words(name, points, along, table.measure) for name, points in parts.items()]
    if len(courses) == 1:
        first = next(iter(parts.values()))
        return Insight(courses[0], tuple(extremes(first, "percent")), view, names_time=along in OVER_TIME)
    moves = along in OVER_TIME and len(labels) > 1 and not query.ranking
    best = _best_words(parts, query.ranking or Ranking(), along, table.measure)
    said = _moved_words(parts, table.measure) if moves else best
    headline = f"Among {join_words(list(names))}, {said}" if names else capital(said)
    return Insight(headline, tuple(courses[:6]), view, names_time=moves)


def _course_words(name: str, points: Sequence[Point], along: str, measure: str) -> str:
    if along in OVER_TIME and len(points) > 1:
        return movement(f"{name}’s share of {measure}", points, "percent")
    top = rank(points, "percent", Ranking())
    if top.all_the_same:
        return f"{name}’s share of {measure} is {top.write(points[0].value)} everywhere"
    return f"{name}’s share of {measure} is highest in {top.in_words()}"


def _moved_words(parts: dict[str, list[Point]], measure: str) -> str:
    """Whose share gained the most, and whose lost the most."""
    moved = [Point(name, points[-1].value - points[0].value) for name, points in parts.items()]
    top, bottom = tied(moved), tied(moved, lowest=True)
    first, *_, last = next(iter(parts.values()))
    when = f"shares of {measure} from {first.label} to {last.label}"
    if len(top) == len(moved):
        return f"{when}: all {len(moved)} moved alike, {write_change(top[0].value, 'percent')}"
    rising = describe_end(top[0].value, "percent", lowest=False)
    falling = describe_end(bottom[0].value, "percent", lowest=True)
    return (
        f"{when}: {list_names(top)} {rising} ({write_change(top[0].value, 'percent')}),"
        f" {list_names(bottom)} {falling} ({write_change(bottom[0].value, 'percent')})"
    )


def _best_words(parts: dict[str, list[Point]], ranking: Ranking, along: str, measure: str) -> str:
    every = [Point(f"{name} in {point.label}", point.value) for name, points in parts.items() for point in points]
    ranked = rank(every, "percent", ranking)
    end = "smallest" if ranking.lowest else "largest"
    return f"the {end} share of {measure} in one {along}: {ranked.in_words()}"
