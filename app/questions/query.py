"""A question as a value: what is measured, split by what, for which part of the data, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from app.questions.measures import DEFAULT_MEASURE
from app.questions.months import UNITS, Months, is_one_run, scope_of

Dimension = Literal["region", "product", "season", "month", "quarter", "half", "year"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
PARTS: tuple[Dimension, ...] = ("region", "product")
OVER_TIME: frozenset[str] = frozenset(UNITS)
MEMBERS: dict[Dimension, tuple[str, ...]] = {
    "region": ("North", "South", "East", "West"),
    "product": ("Espresso", "Filter", "Cold Brew", "Tea"),
}
Focus = Literal["", "growth", "average growth", "running total", "share", "average", "median", "outliers"]
Side = Literal["above", "below", "at least", "at most", "between"]
SIDES: tuple[Side, ...] = get_args(Side)
FOCUSES: tuple[Focus, ...] = get_args(Focus)


@dataclass(frozen=True)
class Members:
    """Which regions or products: these, or all but these; without names all of them."""

    names: tuple[str, ...] = ()
    excluded: bool = False

    def in_words(self) -> str:
        """` for North and South`, ` except Tea`, or nothing."""
        return f" {'except' if self.excluded else 'for'} {self.listed()}" if self.names else ""

    def listed(self) -> str:
        """The names: `North, South and East`."""
        return " and ".join(filter(None, [", ".join(self.names[:-1]), *self.names[-1:]]))

    def those_in(self, dimension: Dimension) -> tuple[str, ...]:
        """The members that are meant."""
        if not self.names:
            return MEMBERS.get(dimension, ())
        return tuple(name for name in MEMBERS.get(dimension, ()) if (name in self.names) != self.excluded)


@dataclass(frozen=True)
class Ranking:
    """The first so many from the top or the bottom; with `within`, of this dimension in each of the other."""

    count: int = 1
    lowest: bool = False
    within: Dimension | None = None

    def in_words(self) -> str:
        """`top 2`, `bottom 1 products in each`."""
        of = f" {self.within}s in each" if self.within else ""
        return f"{'bottom' if self.lowest else 'top'} {self.count}{of}"


@dataclass(frozen=True)
class Threshold:
    """On which side of a value, between two, or of what one of them has; without any the average is meant."""

    side: Side
    value: float | None = None
    most: float = 0.0
    than: str = ""

    @property
    def is_average(self) -> bool:
        """Whether the average of the figures is meant."""
        return self.value is None and not self.than

    def in_words(self) -> str:
        """`above 50`, `below average`, `between 40 and 50`, `above West`."""
        most = f" and {self.most:.12g}" if self.side == "between" else ""
        limit = self.than or ("average" if self.value is None else f"{self.value:.12g}")
        return f"{self.side} {limit}{most}"

    def on_growth_in_words(self) -> str:
        """The same of changes: `growth, above 10%`, `decline, above 10%`."""
        value = self.value or 0.0
        if self.side == "between":
            lower, upper = sorted((abs(value), abs(self.most)))
            return f"{'decline' if value < 0 else 'growth'}, between {lower:.12g}% and {upper:.12g}%"
        if value <= 0 and self.side in ("below", "at most"):
            return f"decline, {'above' if self.side == 'below' else 'at least'} {abs(value):.12g}%"
        return f"growth, {self.side} {value:.12g}%"

    def is_passed_by(self, figure: float, limit: float) -> bool:
        """Whether a figure is on that side of the limit."""
        match self.side:
            case "above":
                return figure > limit
            case "below":
                return figure < limit
            case "at least":
                return figure >= limit
            case "at most":
                return figure <= limit
            case "between":
                return limit <= figure <= self.most


RISING, FALLING = Threshold("above", 0.0), Threshold("below", 0.0)
"""Limits on growth: above nothing, and below."""


@dataclass(frozen=True)
class Query:
    """One question. `measure` may be a word that the data do not know; without months all are meant."""

    measure: str = DEFAULT_MEASURE
    split: tuple[Dimension, ...] = ()
    months: Months = ()
    regions: Members = field(default_factory=Members)
    products: Members = field(default_factory=Members)
    focus: Focus = ""
    ranking: Ranking | None = None
    threshold: Threshold | None = None

    def members(self, dimension: Dimension) -> Members:
        """The filter on a dimension."""
        return {"region": self.regions, "product": self.products}.get(dimension, Members())

    def in_words(self) -> str:
        """The same as a sentence that reads back as this."""
        return ", ".join([self.topic(), *self.modifiers()])

    def modifiers(self) -> list[str]:
        """What is to be said of the figures, as words."""
        if self.focus == "growth" and self.threshold:
            return [self.threshold.on_growth_in_words()]
        modifiers = (self.focus, *(one.in_words() for one in (self.ranking, self.threshold) if one))
        return [one for one in modifiers if one]

    def topic(self) -> str:
        """What it is about, without what is to be said of it: `revenue by region in 2024`."""
        by = f" by {' and '.join(self.split)}" if self.split else ""
        return f"{self.measure}{by}{self.scope()}"

    def scope(self) -> str:
        """The part of the data as words: ` in 2024 for North`."""
        return self.when() + self.where() + self.together()

    def together(self) -> str:
        """` together`, where several regions, products or times are added up and not told apart."""
        summed = [part for part in PARTS if part not in self.split and len(self.members(part).names) > 1]
        is_told_apart = bool({*OVER_TIME, "season"} & set(self.split))
        has_gap = self.when().startswith(" in ") and not is_one_run(self.months) and not is_told_apart
        return " together" if has_gap or any(not self.members(part).excluded for part in summed) else ""

    def when(self) -> str:
        """The time as words: ` in Q4 2024`, ` in summer`.

        By month, `in summer` would be read as each summer beside the other: there its months are named.
        """
        is_split = bool(OVER_TIME & set(self.split)) and "year" not in self.split
        return scope_of(self.months, names_one_season=not is_split)

    def where(self) -> str:
        """Regions and products as words: ` for North except Tea`, ` for Tea in North`."""
        if self.regions.names and self.products.names and not (self.regions.excluded or self.products.excluded):
            return f"{self.products.in_words()} in {self.regions.listed()}"
        return self.regions.in_words() + self.products.in_words()

    def for_rows(self) -> Query:
        """What the data are asked: a share needs its whole, and what stands out the others."""
        asked = replace(self, focus="", ranking=None, threshold=None)
        if self.focus == "outliers" and self.marks_months:
            return replace(asked, months=())
        return asked.without_filter(self.share_of) if self.share_of else asked

    def without_filter(self, dimension: Dimension) -> Query:
        """The same for all members of a dimension."""
        return self.with_members(dimension, Members())

    def with_members(self, dimension: Dimension, members: Members) -> Query:
        """The same for other members of a dimension."""
        return replace(self, regions=members) if dimension == "region" else replace(self, products=members)

    def covers(self, other: Query) -> bool:
        """Whether its figures show what the other's do: the same part of the data, split by as much or more."""
        same = (self.measure, self.months, self.regions, self.products)
        return same == (other.measure, other.months, other.regions, other.products) and set(other.split) <= set(
            self.split
        )

    @property
    def share_of(self) -> Dimension | None:
        """The dimension whose named members have the share that is asked for."""
        named = [part for part in self.split if self.members(part).names and not self.members(part).excluded]
        return named[-1] if named and self.focus == "share" else None

    @property
    def marks_months(self) -> bool:
        """Whether single months are named, to be seen beside the others: the same month of each year."""
        return 0 < len(self.months) <= 2 and len({month[5:] for month in self.months}) == 1


def part_of(name: str) -> Dimension:
    """The dimension that a region's or product's name belongs to."""
    return next(part for part, names in MEMBERS.items() if name in names)


def in_order(split: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Time first, the finer before the year; then the parts as they were named."""
    times = [unit for unit in UNITS if unit in split]
    return (*times, *(part for part in dict.fromkeys(split) if part not in OVER_TIME))
