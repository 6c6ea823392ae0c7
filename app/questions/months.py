"""Time as the data know it: sets of months, and their names. Pure."""

from __future__ import annotations

import re
from calendar import month_abbr
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, get_args

Unit = Literal["month", "quarter", "half", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)
SIZES: dict[Unit, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
Months = tuple[str, ...]
"""Months in order, each as `2024-11`."""


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def months_between(first: str, last: str) -> Months:
    """All months from the first to the last; none if the last comes before the first."""
    return tuple(map(_month, range(_number(first), _number(last) + 1)))


def months_of(unit: Unit, number: int, year: int) -> Months:
    """The months of one unit: `("quarter", 4, 2024)`."""
    start = year * 12 + (number - 1) * SIZES[unit]
    return tuple(map(_month, range(start, start + SIZES[unit])))


def shift(months: Iterable[str], by: int) -> Months:
    """The same months, so many months later."""
    return tuple(_month(_number(month) + by) for month in months)


FIRST, LAST = "2023-01", "2024-12"
ALL = months_between(FIRST, LAST)
"""The months that the bundled data hold."""
SEASONS: dict[str, tuple[int, ...]] = {
    "Spring": (3, 4, 5),
    "Summer": (6, 7, 8),
    "Autumn": (9, 10, 11),
    "Winter": (12, 1, 2),
}
"""The numbers of their months, in their order."""


def season_of(month: str) -> str:
    """The season that a month is in."""
    return next(season for season, numbers in SEASONS.items() if int(month[5:]) in numbers)


def months_by_season(months: Iterable[str]) -> dict[str, Months]:
    """The months of each season that they are in."""
    held = [(season_of(month), month) for month in months]
    return {season: tuple(month for of, month in held if of == season) for season in SEASONS if season in dict(held)}


def whole_seasons(months: Months) -> list[str]:
    """The seasons, if the months are all that the data hold of them."""
    seasons = months_by_season(months)
    return list(seasons) if all(chosen == months_by_season(ALL)[season] for season, chosen in seasons.items()) else []


def name_of(months: Months) -> str:
    """One run of months as people write it: `Nov 2024`, `Q4 2024`, `H1 2024`, `2024`, `Mar 2024 to Jun 2024`."""
    year, number = divmod(_number(months[0]), 12)
    for unit, size in SIZES.items():
        if len(months) == size and number % size == 0:
            return _unit_name(unit, number // size + 1, year)
    return f"{name_of(months[:1])} to {name_of(months[-1:])}"


def months_of_label(label: str) -> Months:
    """The months of one time as rows name it: `2024-11`, `2024 Q4`, `2024 H1`, `2024`; none for anything else."""
    if re.fullmatch(r"(19|20)\d\d", label):
        return months_of("year", 1, int(label))
    if part := re.fullmatch(r"((?:19|20)\d\d) ([QH])([1-4])", label):
        return months_of("quarter" if part[2] == "Q" else "half", int(part[3]), int(part[1]))
    return (label,) if re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", label) else ()


def names_of(months: Months) -> str:
    """All runs of months as people write them: `Q4 2023 and Q4 2024`."""
    return _listed(_runs(months))


def is_one_run(months: Months) -> bool:
    """Whether no month is missing between the first and the last."""
    return len(list(_runs(months))) == 1


def scope_of(months: Months, *, names_one_season: bool = True) -> str:
    """The months as the end of a sentence: ` in Q4 2024`, ` in summer`, ` except Nov 2024`; empty for all months."""
    left_out = tuple(month for month in ALL if month not in months)
    if not months or (not left_out and len(months) == len(ALL)):
        return ""
    seasons = whole_seasons(months) if set(months) < set(ALL) else []
    if len(seasons) > 1 or (seasons and names_one_season):
        return f" {_season_words(seasons)}"
    runs, others = list(_runs(months)), list(_runs(left_out))
    if set(months) < set(ALL) and len(others) < len(runs):
        return f" except {_listed(others)}"
    return f" from {name_of(runs[0])}" if len(runs) == 1 and " to " in name_of(runs[0]) else f" in {_listed(runs)}"


def _season_words(seasons: Sequence[str]) -> str:
    """`in summer and winter`; `except winter` rather than three."""
    left_out = [season for season in SEASONS if season not in seasons]
    verb, named = ("except", left_out) if len(left_out) == 1 else ("in", seasons)
    return f"{verb} {' and '.join(season.lower() for season in named)}"


def _listed(runs: Iterable[Months]) -> str:
    """Years come first: in `Nov 2023 and 2024` November would be that of both."""
    return " and ".join(map(name_of, sorted(runs, key=lambda run: len(run) % SIZES["year"] != 0)))


def _runs(months: Months) -> Iterator[Months]:
    """The months in stretches without a gap."""
    for _, run in groupby(enumerate(months), key=lambda placed: _number(placed[1]) - placed[0]):
        yield tuple(month for _, month in run)


def _unit_name(unit: Unit, number: int, year: int) -> str:
    if unit == "year":
        return str(year)
    return f"{month_abbr[number] if unit == 'month' else f'{unit[0].upper()}{number}'} {year}"
