"""Figures as people write them: euros, percent, plain numbers, and changes of each. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

Unit = Literal["eur", "eur each", "percent", "fine percent", "number"]
PERCENTAGES: frozenset[Unit] = frozenset({"percent", "fine percent"})
_SHORTENED = 10_000
_MINUS = "−"  # noqa: RUF001 - the sign of a figure, which a hyphen is not


def unit_of(column: str, figures: Collection[float] = ()) -> Unit:
    """The unit that a column's ending says; percentages that one decimal would make the same have two."""
    if column.endswith("_per_unit_eur"):
        return "eur each"
    if column.endswith("_percent"):
        is_coarse = len({round(value, 1) for value in figures}) < len(set(figures))
        return "fine percent" if is_coarse else "percent"
    return "eur" if column.endswith("_eur") else "number"


def write(value: float, unit: Unit) -> str:
    """A figure in full, with its unit."""
    sign = _MINUS if value < 0 else ""
    if unit in PERCENTAGES:
        return f"{sign}{abs(value):,.{_decimals(unit)}f}%"
    if unit == "eur each":
        return f"{sign}€{abs(value):,.2f}"
    if unit == "eur":
        return f"{sign}€{abs(value):,.0f}"
    return f"{sign}{abs(value):,.{0 if abs(value - round(value)) < 0.05 else 1}f}"


def write_short(value: float, unit: Unit) -> str:
    """The same, short enough to stand on a bar."""
    if unit not in {"eur", "number"} or abs(value) < _SHORTENED:
        return write(value, unit)
    return _write_in_thousands(value, unit, by=value, decimals=",.1f")


def write_tick(value: float, unit: Unit, largest: float) -> str:
    """A round figure beside an axis, as the largest one there is written: `€5k` below `€10k`."""
    if unit not in {"eur", "number"} or largest < _SHORTENED or value == 0:
        return write(value, unit)
    return _write_in_thousands(value, unit, by=largest, decimals=",.10g")


def _write_in_thousands(value: float, unit: Unit, *, by: float, decimals: str) -> str:
    """A figure in thousands or millions, whichever suits the figure that it is written `by`."""
    factor, letter = (1e6, "M") if abs(by) >= 1e6 else (1e3, "k")
    return f"{_MINUS if value < 0 else ''}{'€' if unit == 'eur' else ''}{abs(value) / factor:{decimals}}{letter}"


def change(before: float, after: float, unit: Unit) -> float | None:
    """From one figure to the other: points for percentages, percent for all else; None where there was nothing."""
    if unit in PERCENTAGES:
        return after - before
    return 100 * (after - before) / abs(before) if before else None


def write_change(moved: float, unit: Unit) -> str:
    """`+12.3%`, or `−0.4 points`."""  # noqa: RUF002
    sign = _MINUS if round(moved, _decimals(unit)) < 0 else "+"
    return f"{sign}{write_amount(moved, unit)}"


def write_amount(moved: float, unit: Unit) -> str:
    """A change without its sign."""
    return f"{abs(moved):,.{_decimals(unit)}f}{' points' if unit in PERCENTAGES else '%'}"


def is_written_as_nothing(moved: float, unit: Unit) -> bool:
    """Whether a change is too small to be seen in what is written of it."""
    return round(moved, _decimals(unit)) == 0


def describe_end(moved: float, unit: Unit, *, lowest: bool) -> str:
    """How the one at the top or the bottom of all changes moved: the least growth is a fall where it is below zero."""
    if is_written_as_nothing(moved, unit):
        return "hardly changed"
    if lowest:
        return "fell the most" if moved < 0 else "grew the least"
    return "grew the most" if moved > 0 else "fell the least"


def _decimals(unit: Unit) -> int:
    return 2 if unit == "fine percent" else 1
