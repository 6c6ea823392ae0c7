"""What a word of a question can be, and what a question is cut into."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a word does in a question."""

    MEASURE = enum.auto()
    DIMENSION = enum.auto()
    MEMBER = enum.auto()
    YEAR = enum.auto()
    PART_OF_YEAR = enum.auto()
    NUMBER = enum.auto()
    # one end of an order
    HIGH = enum.auto()
    LOW = enum.auto()
    BEST = enum.auto()
    WORST = enum.auto()
    # what is to be said of the figures
    RISE = enum.auto()
    FALL = enum.auto()
    TREND = enum.auto()
    SHARE = enum.auto()
    AVERAGE = enum.auto()
    RUNNING = enum.auto()
    POINTS = enum.auto()
    OUTLIER = enum.auto()
    COMPARE = enum.auto()
    OTHERS = enum.auto()
    TOGETHER = enum.auto()
    COUNT = enum.auto()
    ABOVE = enum.auto()
    BELOW = enum.auto()
    CHART = enum.auto()
    # limits
    EXCLUDE = enum.auto()
    NOT = enum.auto()
    BETWEEN = enum.auto()
    TO = enum.auto()
    SINCE = enum.auto()
    UNTIL = enum.auto()
    AFTER = enum.auto()
    BEFORE = enum.auto()
    # which of several units of time
    THIS = enum.auto()
    TO_DATE = enum.auto()
    WHOLE_YEAR = enum.auto()
    YEAR_BEFORE = enum.auto()
    RECENT = enum.auto()
    NEXT = enum.auto()
    EARLY = enum.auto()
    # what holds a sentence together
    BY = enum.auto()
    EACH = enum.auto()
    AND = enum.auto()
    SLIDE = enum.auto()
    OVERVIEW = enum.auto()
    FILLER = enum.auto()
    # what no rows can answer
    WHY = enum.auto()
    ADVICE = enum.auto()
    FUTURE = enum.auto()
    UNKNOWN = enum.auto()


EMPTY = frozenset(
    {
        Kind.FILLER,
        Kind.AND,
        Kind.BY,
        Kind.EACH,
        Kind.TO,
        Kind.THIS,
        Kind.COMPARE,
        Kind.OTHERS,
        Kind.TOGETHER,
        Kind.COUNT,
        Kind.BETWEEN,
        Kind.SINCE,
        Kind.SLIDE,
        Kind.OVERVIEW,
    }
)
"""Kinds of words that ask for nothing by themselves: nobody misses one that was not used."""


@dataclass(frozen=True)
class Token:
    """One word, or several that belong together. `text` is as it was typed, `value` what it means within its kind."""

    text: str
    kind: Kind
    value: str = ""
    possessive: bool = False
    is_loose: bool = False
    """Whether it only suggests what it stands for."""
    read_as: str = ""
    """How we know it, where it was typed another way."""
