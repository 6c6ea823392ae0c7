"""What stands out: figures far off the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import mean

from app.agent.findings.course import OUTLIER_DEVIATIONS, deviations, outlier
from app.agent.findings.insight import Insight, extremes, join_words, plural, view_lines, view_points
from app.agent.table import Point, Table
from app.agent.units import Unit, change, write, write_amount
from app.questions.months import months_of_label


def describe_outliers(table: Table, months: Collection[str]) -> Insight | None:
    """What stands out in a course or in several; `months` are those that were asked about, if any."""
    if not table.times:
        return None
    return _describe_course(table, months) if len(table.dimensions) == 1 else _describe_courses(table)


def _describe_course(table: Table, months: Collection[str]) -> Insight:
    points, unit, time = table.points, table.unit, table.dimensions[0]
    asked = [point for row, point in zip(table.rows, points, strict=True) if _is_asked(row.labels[0], months)]
    far = [point for point in asked or points if deviations(point, points) > OUTLIER_DEVIATIONS]
    if far:
        headline = "; ".join(_words(point, points, unit, time) for point in far)
    else:
        names = join_words([point.label for point in asked])
        verb = "do not stand out" if len(asked) > 1 else "does not stand out"
        headline = f"{names} {verb} in {table.measure}" if asked else f"No {time} stands out in {table.measure}"
    rule = f"Standing out: more than {OUTLIER_DEVIATIONS:.0f} standard deviations off the average of the others"
    view = view_points(f"{table.measure} by {time}", points, unit, far, is_over_time=True)
    return Insight(headline, (*extremes(points, unit), rule), view)


def _is_asked(label: str, months: Collection[str]) -> bool:
    own = months_of_label(label)
    return bool(own) and len(own) < 12 and set(own) <= set(months) and len(months) <= 2 * len(own)


def _words(point: Point, points: Sequence[Point], unit: Unit, time: str) -> str:
    usual = mean(other.value for other in points if other is not point)
    moved = change(usual, point.value, unit)
    off = "" if moved is None else f", {write_amount(moved, unit)} {'above' if moved > 0 else 'below'}"
    against = f"{off} the average of the other {plural([time])}" if off else ""
    return f"{point.label} stands out: {write(point.value, unit)}{against}"


def _describe_courses(table: Table) -> Insight:
    time = table.times[0]
    far, marked = list[str](), list[tuple[str, str]]()
    for name, values in table.lines(time).items():
        points = [Point(label, value) for label, value in values.items()]
        if odd := outlier(points):
            far.append(f"{table.label(name)} in {table.label(odd.label)} ({write(odd.value, table.unit)})")
            marked.append((name, odd.label))
    other = next(one for one in table.dimensions if one != time)
    verb = "stand" if len(far) > 1 else "stands"
    headline = f"{join_words(far)} {verb} out in {table.measure}" if far else f"No {other} stands out in any {time}"
    return Insight(headline, tuple(extremes(table.points, table.unit)), view_lines(table, time, marked))
