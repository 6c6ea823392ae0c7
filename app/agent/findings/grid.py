"""Figures of two dimensions: courses beside each other, years beside each other, or parts of parts. Pure."""

from __future__ import annotations

from app.agent.findings.insight import (
    Insight,
    capital,
    extremes,
    is_same,
    join_runs,
    list_names,
    plural,
    tied,
    total_of,
    view_lines,
)
from app.agent.findings.pair import describe_pair
from app.agent.findings.parts import lead_words
from app.agent.table import Point, Table
from app.agent.units import change, describe_end, write, write_change


def describe_grid(table: Table) -> Insight:
    """Whatever the two dimensions are."""
    times = table.times
    if len(times) == 2 and "year" in times and len(table.labels("year")) == 2:
        return _describe_years(table, times[0])
    return _describe_courses(table, times[0]) if len(times) == 1 else describe_pair(table) or _describe_cells(table)


def changes_along(table: Table, time: str) -> list[Point]:
    """The change of each part from the first time to the last, where it has both."""
    first, *_, last = table.labels(time)
    moved = {
        name: change(values[first], values[last], table.unit)
        for name, values in table.lines(time).items()
        if first in values and last in values
    }
    return [Point(table.label(name), value) for name, value in moved.items() if value is not None]


def _describe_courses(table: Table, time: str) -> Insight:
    """A region's or a product's course beside the others'."""
    labels = table.labels(time)
    moved = changes_along(table, time) if len(labels) > 1 else []
    if len(moved) < 2:
        return _describe_cells(table)
    when = f"from {table.label(labels[0])} to {table.label(labels[-1])}"
    headline = f"{capital(table.measure)} {when}: {_ends(moved, table)}{_who_was_higher(table, time)}"
    view = view_lines(table, time)
    remarks = (*extremes(table.points, table.unit), *total_of(table))
    return Insight(headline, remarks, view, names_time=True)


def _who_was_higher(table: Table, time: str) -> str:
    """Of two courses, when one was higher and when the other: `; A was higher in 2 of 3 years (…), B in 1 (…)`."""
    lines = list(table.lines(time).items())
    if len(lines) != 2:
        return ""
    (one, first), (other, second) = lines
    both = [label for label in first if label in second]
    differing = [label for label in both if not is_same(first[label], second[label])]
    times = {
        table.label(one): [label for label in differing if first[label] > second[label]],
        table.label(other): [label for label in differing if first[label] < second[label]],
    }
    (ahead, more), (behind, fewer) = sorted(times.items(), key=lambda item: -len(item[1]))
    every = list(map(table.label, both))
    if not more:
        return "; both were always the same"
    if len(more) == len(both):
        return f"; {ahead} was higher in all {len(both)} {plural([time])}"
    told = f"; {ahead} was higher in {len(more)} of {len(both)} {plural([time])} ({_named(more, every, table)})"
    return f"{told}, {behind} in {len(fewer)} ({_named(fewer, every, table)})" if fewer else told


def _named(labels: list[str], every: list[str], table: Table) -> str:
    return join_runs(list(map(table.label, labels)), every)


def _ends(moved: list[Point], table: Table) -> str:
    """Who moved most in either direction."""
    if len(moved) == 2:
        return ", ".join(f"{one.label} {write_change(one.value, table.unit)}" for one in moved)
    top, bottom = tied(moved), tied(moved, lowest=True)
    if len(top) == len(moved):
        return f"all {len(moved)} moved alike, {write_change(top[0].value, table.unit)}"
    rising = describe_end(top[0].value, table.unit, lowest=False)
    falling = describe_end(bottom[0].value, table.unit, lowest=True)
    return (
        f"{list_names(top)} {rising} ({write_change(top[0].value, table.unit)}),"
        f" {list_names(bottom)} {falling} ({write_change(bottom[0].value, table.unit)})"
    )


def _describe_years(table: Table, time: str) -> Insight:
    """One year above the other: in how many months, quarters or halves, and in all."""
    early, late = sorted(table.labels("year"))
    lines = table.lines(time)
    both = [label for label in table.labels(time) if label in lines[early] and label in lines[late]]
    higher = [one for one in both if lines[late][one] > lines[early][one]]
    often = f"{table.measure} was higher in {late} than in {early} in {len(higher)} of {len(both)} {plural([time])}"
    sums = {year: sum(lines[year].values()) for year in (early, late)}
    moved = change(sums[early], sums[late], table.unit) if table.adds_up else None
    in_all = f"; in all it changed by {write_change(moved, table.unit)}" if moved is not None else ""
    totals = [f"{year}: {write(value, table.unit)}" for year, value in sums.items()] if table.adds_up else []
    remarks = (*extremes(table.points, table.unit), *totals)
    return Insight(f"{capital(often)}{in_all}", remarks, view_lines(table, time), names_time=True)


def _describe_cells(table: Table) -> Insight:
    """The highest of all figures."""
    points, unit = table.points, table.unit
    top = tied(points)
    if len(top) == len(points) and len(points) > 1:
        headline = f"All {len(points)} figures of {table.measure} are the same: {write(top[0].value, unit)}"
    else:
        headline = lead_words(top, table.measure, unit_text=write(top[0].value, unit))
    marked = [(row.labels[1], row.labels[0]) for row, point in zip(table.rows, points, strict=True) if point in top]
    view = view_lines(table, table.dimensions[0], marked)
    return Insight(headline, (*extremes(points, unit), *total_of(table)), view)
