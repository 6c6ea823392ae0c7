"""The first so many from the top or the bottom. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.agent.findings.insight import Insight, is_same, join_words, list_names, plural, tied, view_lines, view_points
from app.agent.findings.parts import lead_words
from app.agent.table import Point, Table
from app.agent.units import Unit, write
from app.questions.query import Dimension, Ranking

_MOST_LISTED = 5
_MOST_GROUPS = 8
# Where different ones come first in so many groups, each is named.
_MOST_WINNERS = 4


@dataclass(frozen=True)
class Ranked:
    """Those that came first, all that tie with the last of them included."""

    points: list[Point]
    of: int
    unit: Unit
    write: Callable[[float], str]

    def in_words(self) -> str:
        """`A (€3) and B (€2)`; of many only the first and the last."""
        words = [f"{point.label} ({self.write(point.value)})" for point in self.points]
        return join_words(words) if len(words) <= _MOST_LISTED else f"from {words[0]} to {words[-1]}"

    @property
    def all_the_same(self) -> bool:
        """Whether there is nothing to rank."""
        return len(self.points) == self.of > 1 and len(tied(self.points)) == self.of


def rank(
    points: Sequence[Point], unit: Unit, ranking: Ranking, writing: Callable[[float], str] | None = None
) -> Ranked:
    """Put points in their order and take the first ones."""
    as_text = writing or (lambda value: write(value, unit))
    ordered = sorted(points, key=lambda point: point.value, reverse=not ranking.lowest)
    last = ordered[min(ranking.count, len(ordered)) - 1]
    first = [point for place, point in enumerate(ordered) if place < ranking.count or is_same(point.value, last.value)]
    return Ranked(first, len(points), unit, as_text)


def describe_ranking(table: Table, ranking: Ranking) -> Insight:
    """A ranking of all figures, or of those in each part."""
    if ranking.within and len(table.dimensions) == 2:
        return _describe_within(table, ranking, ranking.within)
    points, unit = table.points, table.unit
    ranked = rank(points, unit, ranking)
    if len(table.dimensions) == 1:
        about = f"{table.measure} by {table.dimensions[0]}"
        view = view_points(about, points, unit, ranked.points, is_over_time=bool(table.times))
    else:
        pairs = zip(table.rows, points, strict=True)
        marked = [(row.labels[1], row.labels[0]) for row, point in pairs if point in ranked.points]
        view = view_lines(table, table.dimensions[0], marked)
    return Insight(_headline(ranked, table, ranking), tuple(_remarks(ranked, table, ranking)), view)


def _headline(ranked: Ranked, table: Table, ranking: Ranking) -> str:
    names, value = plural(table.dimensions), ranked.write(ranked.points[0].value)
    if ranked.all_the_same:
        return f"All {ranked.of} {names} have the same {table.measure}: {value}"
    if ranking.count == 1:
        end = "lowest" if ranking.lowest else "highest"
        return lead_words(ranked.points, table.measure, unit_text=value, end=end)
    if ranking.count >= ranked.of:
        return f"All {ranked.of} {names} by {table.measure}: {ranked.in_words()}"
    end = "Bottom" if ranking.lowest else "Top"
    ties = len(ranked.points) - ranking.count
    tie = " with a tie" if ties else ""
    return f"{end} {ranking.count} {names} by {table.measure}{tie}: {ranked.in_words()}"


def _remarks(ranked: Ranked, table: Table, ranking: Ranking) -> list[str]:
    """Their part of the whole, and the other end."""
    other = tied(table.points, lowest=not ranking.lowest)
    end = "Highest" if ranking.lowest else "Lowest"
    remarks = [] if ranked.all_the_same else [f"{end}: {list_names(other)}, {write(other[0].value, table.unit)}"]
    if table.adds_up and table.total > 0:
        together = sum(point.value for point in ranked.points)
        share = f"{100 * together / table.total:.1f}% of {table.measure}"
        remarks += [f"{'Together they have' if len(ranked.points) > 1 else 'That is'} {share}"]
        remarks += [f"Total {table.measure}: {write(table.total, table.unit)}"]
    return remarks


def _describe_within(table: Table, ranking: Ranking, ranked: Dimension) -> Insight:
    """In each region, say, the first products."""
    group = next(one for one in table.dimensions if one != ranked)
    first = {
        label: rank([Point(table.label(name), value) for name, value in figures.items()], table.unit, ranking)
        for label, figures in table.lines(ranked).items()
    }
    end = "lowest" if ranking.lowest else "highest"
    if ranking.count == 1 and len(first) <= _MOST_WINNERS and len({_names(one) for one in first.values()}) > 1:
        told = [f"{_names(one)} in {table.label(label)}" for label, one in first.items()]
        headline = f"The {end} {table.measure} in each {group}: {join_words(told)}"
    elif ranking.count == 1:
        headline = _winners(first, f"the {end} {table.measure}", plural([group]))
    else:
        headline = f"The {ranking.count} {plural([ranked])} with the {end} {table.measure} in each {group}"
    groups = [f"{table.label(label)}: {one.in_words()}" for label, one in first.items()][:_MOST_GROUPS]
    names = {table.label(name): name for name in table.labels(ranked)}
    pairs = [(label, names[point.label]) for label, one in first.items() for point in one.points]
    along_ranked = table.dimensions[0] == ranked
    marked = pairs if along_ranked else [(name, label) for label, name in pairs]
    return Insight(headline, tuple(groups), view_lines(table, table.dimensions[0], marked))


def _names(ranked: Ranked) -> str:
    return join_words([point.label for point in ranked.points])


def _winners(first: dict[str, Ranked], what: str, groups: str) -> str:
    """Who comes first how often; a tie counts for each."""
    wins = Counter(point.label for one in first.values() for point in one.points)
    often = max(wins.values())
    names = [name for name, count in wins.items() if count == often]
    verb = "have" if len(names) > 1 else "has"
    where = f"all {len(first)} {groups}" if often == len(first) else f"{often} of {len(first)} {groups}"
    return f"{join_words(names)} {verb} {what} in {where}"
