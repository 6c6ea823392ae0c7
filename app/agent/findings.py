"""What a series says: one sentence for the title, a few for the side. Computed from the rows, nothing else. Pure."""

from __future__ import annotations

from statistics import mean, pstdev

from app.agent.series import Point, Series

# How many standard deviations off the other points a point is called out for.
OUTLIER_DEVIATIONS = 4.0


def headline(series: Series) -> str:
    """The finding that the slide is about, fit for its title."""
    if len(series.points) == 1:
        only = series.points[0]
        return f"{only.label}: {series.measure} of {series.write(only.value)}"
    return _course(series) if series.is_over_time else _lead(series)


def remarks(series: Series) -> list[str]:
    """What stands beside the title: the extremes, and the total where there is one."""
    if len(series.points) == 1:
        return []
    found = _extremes(series)
    return [*found, f"Total {series.measure}: {series.write(series.total)}"] if series.adds_up else found


def change(series: Series) -> float | None:
    """From the first point to the last, as a share of the first; None when the first is zero."""
    first, last = series.points[0].value, series.points[-1].value
    return (last - first) / first if first else None


def outlier(series: Series) -> Point | None:
    """The point that stands furthest off the others, if it stands off far enough."""
    far = [point for point in series.points if _deviations(point, series) > OUTLIER_DEVIATIONS]
    return max(far, key=lambda point: _deviations(point, series), default=None)


def _course(series: Series) -> str:
    first, last = series.points[0], series.points[-1]
    moved = change(series)
    if moved is None or abs(moved) < 0.01:
        return f"{_capital(series.measure)} held steady from {first.label} to {last.label}"
    went = "rose" if moved > 0 else "fell"
    odd = outlier(series)
    aside = f", and {odd.label} stands out" if odd else ""
    return f"{_capital(series.measure)} {went} {abs(moved):.0%} from {first.label} to {last.label}{aside}"


def _lead(series: Series) -> str:
    top = series.largest
    if series.adds_up and series.total > 0:
        return f"{top.label} leads with {top.value / series.total:.0%} of {series.measure}"
    return f"{top.label} has the highest {series.measure}: {series.write(top.value)}"


def _extremes(series: Series) -> list[str]:
    high, low = series.largest, series.smallest
    return [f"Highest: {high.label}, {series.write(high.value)}", f"Lowest: {low.label}, {series.write(low.value)}"]


def _deviations(point: Point, series: Series) -> float:
    others = [other.value for other in series.points if other is not point]
    spread = pstdev(others)
    return abs(point.value - mean(others)) / spread if spread else 0.0


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
