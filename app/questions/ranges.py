"""Times that reach from one to another: `from March to June`, `between`, `since`, `until`, `after`, `before`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.questions.mentions import TimeMention, kind_before, months_in
from app.questions.months import FIRST, LAST, Months, months_between, shift
from app.questions.tokens import Kind, Token


def join_ranges(mentions: Sequence[TimeMention], tokens: Sequence[Token]) -> Iterator[TimeMention]:
    """Two times with `to` between them become one; so does one with `since` and the like before it."""
    place, compared = 0, any(token.kind is Kind.COMPARE for token in tokens)
    while place < len(mentions):
        this, following = mentions[place], mentions[place + 1] if place + 1 < len(mentions) else None
        if following and _is_range(this, following, tokens, compared=compared):
            yield _range(this, following)
            place += 2
        else:
            yield _opened(this, tokens, is_first=place == 0)
            place += 1


def _is_range(one: TimeMention, other: TimeMention, tokens: Sequence[Token], *, compared: bool) -> bool:
    """Whether the one reaches to the other; `compared`: whether anything is, in the whole question."""
    joint = [token.kind for token in tokens[one.end : other.start]]
    kinds = [kind for kind in joint if kind is not Kind.FILLER]
    if kinds in ([Kind.TO], [Kind.UNTIL]):
        before = tokens[max(0, one.start - 2) : one.start]
        return not compared or any(token.text.lower() == "from" for token in before)
    return kinds == [Kind.AND] and kind_before(one, tokens) is Kind.BETWEEN and not compared


def _range(one: TimeMention, other: TimeMention) -> TimeMention:
    """From one to the other; with the same years in each of them."""
    if one.unit != "year" and one.years == other.years and other.number >= one.number and not one.window:
        spans = [(months_in(one, year)[0], months_in(other, year)[-1]) for year in one.years]
    else:
        spans = [(one.months[0], other.months[-1])]
    months = tuple(month for first, last in spans for month in months_between(first, last))
    return replace(one, end=other.end, months=months or one.months, is_range=True)


def _opened(mention: TimeMention, tokens: Sequence[Token], *, is_first: bool) -> TimeMention:
    before = kind_before(mention, tokens)
    behind = tokens[mention.end : mention.end + 1]
    first, last = mention.months[0], mention.months[-1]
    if before is Kind.SINCE or (behind and behind[0].kind is Kind.SINCE):
        return replace(mention, months=months_between(first, max(last, LAST)), is_range=True)
    if before is Kind.UNTIL or (before is Kind.TO and is_first and not _is_given_to(mention, tokens)):
        return replace(mention, months=months_between(min(first, FIRST), last), is_range=True)
    if before is Kind.AFTER:
        return replace(mention, months=_after(last), is_range=True)
    if before is Kind.BEFORE:
        return replace(mention, months=_before(first), is_range=True)
    return mention


def _is_given_to(mention: TimeMention, tokens: Sequence[Token]) -> bool:
    """`contribution to 2024 profit`: not up to then."""
    before = [token.kind for token in tokens[: mention.start] if token.kind is not Kind.FILLER]
    return before[-2:] == [Kind.SHARE, Kind.TO]


def _after(last: str) -> Months:
    return months_between(shift([last], 1)[0], LAST) or shift([last], 1)


def _before(first: str) -> Months:
    return months_between(FIRST, shift([first], -1)[0]) or shift([first], -1)
