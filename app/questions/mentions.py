"""One time as a question names it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.questions.months import SIZES, Months, Unit, months_between, months_of, shift
from app.questions.tokens import Kind, Token


@dataclass(frozen=True)
class TimeMention:
    """One time as it was named, at the tokens from `start` to before `end`."""

    start: int
    end: int
    unit: Unit
    months: Months = ()
    number: int = 0
    length: int = 1
    years: tuple[int, ...] = ()
    window: Kind | None = None
    is_latest: bool = False
    is_range: bool = False
    precedes: bool = False
    """Whether it is the one before another, where there is one: `previous`."""

    @property
    def is_season(self) -> bool:
        """Whether it is several months that are no unit."""
        return self.length > 1

    @property
    def crosses_years(self) -> bool:
        """Whether it begins in one year and ends in the next."""
        return self.is_season and self.number + self.length > SIZES["year"] + 1


def months_in(mention: TimeMention, year: int) -> Months:
    """The months of what is named as a part of a year, and of a season that begins in it."""
    first = months_of(mention.unit, mention.number or 1, year)[0]
    return months_between(first, shift([first], SIZES[mention.unit] * mention.length - 1)[0])


def kind_before(mention: TimeMention, tokens: Sequence[Token]) -> Kind | None:
    """The kind of the last word before it that is no filler."""
    before = (tokens[place].kind for place in range(mention.start - 1, -1, -1))
    return next((kind for kind in before if kind is not Kind.FILLER), None)
