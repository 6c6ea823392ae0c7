"""Who grew, who fell, and who did so by more than a limit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.agent.findings.grid import changes_along
from app.agent.findings.growth import levels_of, steps_of
from app.agent.findings.insight import Insight, capital, join_runs, join_words, plural, view_points
from app.agent.table import Point, Table
from app.agent.units import Unit, write, write_amount, write_change
from app.questions.query import FALLING, RISING, Threshold

# Of more than so many only the names are told; of those that did not pass, only that there are others.
_MOST_WITH_FIGURES = 4
# Changes are computed from rows with six decimals.
_DECIMALS = 6


def describe_growth_limit(table: Table, limit: Threshold) -> Insight | None:
    """How many moved so far, and which; None where there are not two times to grow between."""
    if not table.times or len(table.labels(table.times[-1])) < 2:
        return None
    return _describe_parts(table, limit) if len(table.dimensions) == 2 else _describe_steps(table, limit)


def _describe_steps(table: Table, limit: Threshold) -> Insight | None:
    """Each time beside the one right before it."""
    steps, (first, *_, last) = steps_of(table), table.points
    time = table.dimensions[0]
    limit = _without_none(steps, limit)
    moved = f"{capital(table.measure)} {verb(limit, table.unit)} on the {time} before"
    levels = (f"{first.label}: {write(first.value, table.unit)}", f"{last.label}: {write(last.value, table.unit)}")
    # The first time has none before it, unless some between them are missing.
    after = f" after {first.label}" if len(steps) == len(table.points) - 1 else ""
    headline = f"{moved} in {_count(steps, limit, plural([time]) + after, table.unit)}"
    view = view_points(f"change of {table.measure} by {time}", steps, "percent", _passing(steps, limit))
    return Insight(headline, levels, view) if steps else None


def _describe_parts(table: Table, limit: Threshold) -> Insight | None:
    """Each part, from the first time to the last."""
    time = table.times[-1]
    moved = changes_along(table, time)
    limit = _without_none(moved, limit)
    first, *_, last = map(table.label, table.labels(time))
    when, other = f"from {first} to {last}", next(one for one in table.dimensions if one != time)
    counted = _count(moved, limit, plural([other]), table.unit)
    headline = f"{capital(table.measure)} {verb(limit, table.unit)} {when} for {counted}"
    view = view_points(f"change of {table.measure} by {other} {when}", moved, "percent", _passing(moved, limit))
    return Insight(headline, tuple(levels_of(table, time)), view, names_time=True) if moved else None


def _without_none(moved: Sequence[Point], limit: Threshold) -> Threshold:
    """Where none `did not rise`, all rose."""
    opposite = {"at most": RISING, "at least": FALLING}.get(limit.side)
    return opposite if opposite and not limit.value and not _passing(moved, limit) else limit


def _passing(moved: Sequence[Point], limit: Threshold) -> list[Point]:
    return [point for point in moved if limit.is_passed_by(round(point.value, _DECIMALS), limit.value or 0.0)]


def _count(moved: Sequence[Point], limit: Threshold, names: str, unit: Unit) -> str:
    """`2 of 4 regions: North (+27.8%) and East (+31.6%); not West (−19.9%) and South (−1.0%)`."""  # noqa: RUF002
    passing = _passing(moved, limit)
    others = [point for point in moved if point not in passing]
    if not passing:
        told = f": {_listed(others, moved, unit)}" if len(others) <= _MOST_WITH_FIGURES else ""
        return f"none of {len(moved)} {names}{told}"
    if not others:
        return f"all {len(moved)} {names}: {_listed(passing, moved, unit)}"
    failing = f"; not {_listed(others, moved, unit)}" if len(others) <= _MOST_WITH_FIGURES else ""
    return f"{len(passing)} of {len(moved)} {names}: {_listed(passing, moved, unit)}{failing}"


def _listed(points: Sequence[Point], every: Sequence[Point], unit: Unit) -> str:
    if len(points) <= _MOST_WITH_FIGURES:
        return join_words([f"{point.label} ({write_change(point.value, unit)})" for point in points])
    return join_runs([point.label for point in points], [point.label for point in every])


def verb(limit: Threshold, unit: Unit) -> str:
    """`rose`, `fell more than 10.0%`, `rose between 5.0% and 10.0%`."""
    value = limit.value or 0.0
    if limit.side == "between":
        lower, upper = sorted((abs(value), abs(limit.most)))
        bounds = f"between {write_amount(lower, unit)} and {write_amount(upper, unit)}"
        return f"{'fell' if value < 0 else 'rose'} {bounds}"
    if not value:
        return {"above": "rose", "below": "fell", "at least": "did not fall", "at most": "did not rise"}[limit.side]
    amount = write_amount(value, unit)
    if value < 0:
        return f"fell {'more than' if limit.side == 'below' else 'at least'} {amount}"
    if limit.side in ("above", "at least"):
        return f"rose {'more than' if limit.side == 'above' else 'at least'} {amount}"
    return f"rose {'less than' if limit.side == 'below' else 'at most'} {amount}, or fell,"
