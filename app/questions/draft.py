"""A query in the making, and how room is made in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.questions.months import ALL, SIZES, Months, Unit
from app.questions.named import Named
from app.questions.query import Dimension, Query

MOST_SPLITS = 2
"""By how many dimensions a query can be split."""


@dataclass(frozen=True)
class Draft:
    """A query in the making: for one measure, with its dimensions in the order of their weight."""

    query: Query
    split: tuple[Dimension, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def left(self, *words: str) -> Draft:
        """The same with words that were left out."""
        return replace(self, left_out=(*self.left_out, *words))

    def noting(self, note: str) -> Draft:
        """The same with something taken for granted."""
        return replace(self, notes=(*self.notes, note))

    def by(self, *dimensions: Dimension) -> Draft:
        """The same, split by these as well."""
        return replace(self, split=tuple(dict.fromkeys((*self.split, *dimensions))))

    def counting_months(self) -> Draft:
        """The same, split by months, of which it was asked how many."""
        return self.by("month").noting("No time was named to be counted: I counted months.")

    @property
    def unit(self) -> Unit | None:
        """The finest unit of time that it is split by."""
        return next((unit for unit in SIZES if unit in self.split), None)


def with_room(named: Named, draft: Draft) -> Draft:
    """The draft with room for a unit of time."""
    return draft if draft.unit else without_last(named, draft)


def without_last(named: Named, draft: Draft) -> Draft:
    """The draft with room for another dimension: of two the last is left out, unless it is whose share is asked for."""
    if len(draft.split) < MOST_SPLITS:
        return draft
    share_of = replace(draft.query, split=draft.split).share_of
    kept, last = sorted(draft.split[:MOST_SPLITS], key=lambda one: one != share_of) if share_of else draft.split[:2]
    words = [named.tokens[split.place].text for split in named.splits if split.dimension == last]
    return replace(draft, split=(kept,)).left(*words[:1])


def without_moments(draft: Draft) -> Draft:
    """Leave out time of which there is only one unit: it splits nothing."""
    months = draft.query.for_rows().months or ALL
    return replace(draft, split=tuple(one for one in draft.split if not is_moment(one, months)))


def has_units(draft: Draft) -> bool:
    """Whether there is more than one unit of the time that figures are told by."""
    return not is_moment(draft.unit or "month", draft.query.months or ALL)


def is_moment(dimension: Dimension, months: Months) -> bool:
    """Whether all months are in one unit, by which nothing can be told apart."""
    size = next((size for unit, size in SIZES.items() if unit == dimension), 0)
    return bool(size) and len({(month[:4], (int(month[5:]) - 1) // size) for month in months}) == 1
