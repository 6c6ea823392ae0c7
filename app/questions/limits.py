"""The limit that figures are to pass: a value, two, the average, or what one region or product has. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from app.questions.measures import DEFAULT_MEASURE, measure_named
from app.questions.query import SIDES, Dimension, Side, Threshold, part_of
from app.questions.tokens import Kind, Token

ENDS = {Kind.HIGH, Kind.LOW, Kind.BEST, Kind.WORST}
_BOUNDS = {Kind.ABOVE, Kind.BELOW}
LOSSES = {"loss", "losses", "lose", "loses", "lost", "losing"}
_SIDES_OF_ENDS = {Kind.HIGH: "above", Kind.LOW: "below", Kind.BEST: "better", Kind.WORST: "worse"}
_DEGREES = {"more": "above", "less": "below", "fewer": "below"}
_COMPARABLE = {Kind.MEMBER, Kind.YEAR, Kind.PART_OF_YEAR, Kind.RECENT, Kind.THIS}


@dataclass(frozen=True)
class Limit:
    """A threshold, and the places of the words that say it or that need none."""

    threshold: Threshold | None = None
    places: frozenset[int] = frozenset()


def find_limit(tokens: Sequence[Token], dimensions: Collection[Dimension], measures: Sequence[str]) -> Limit:
    """The first limit that is named; `dimensions` are those that the figures are split by."""
    higher_is_better = measure_named(measures[0] if measures else DEFAULT_MEASURE).higher_is_better
    beside = _beside_one(tokens, dimensions, higher_is_better)
    if beside:
        return beside
    for place, token in enumerate(tokens[:-1]):
        if between := _between(tokens, place):
            return between
        if token.kind not in _BOUNDS:
            continue
        limit = next((at for at in range(place + 1, len(tokens)) if tokens[at].kind is not Kind.FILLER), None)
        if limit is not None and tokens[limit].kind in {Kind.NUMBER, Kind.AVERAGE} and not _counts(tokens, limit):
            if within := _within(tokens, place, limit, measures):
                return within
            value = float(tokens[limit].value) if tokens[limit].kind is Kind.NUMBER else None
            side = _side(token.value, higher_is_better=higher_is_better)
            return Limit(Threshold(side, value), frozenset({place, limit}))
    idle = {place for place, token in enumerate(tokens) if _needs_no_limit(token, tokens[place + 1 :])}
    return Limit(_loss(tokens, dimensions) or _gain(tokens, dimensions), frozenset(idle))


def _counts(tokens: Sequence[Token], place: int) -> bool:
    """`at least two products`: a number of them, not of what is measured."""
    following = tokens[place + 1 : place + 2]
    is_number = tokens[place].kind is Kind.NUMBER and not tokens[place].text.endswith("%")
    return is_number and bool(following) and following[0].kind is Kind.DIMENSION


def _within(tokens: Sequence[Token], place: int, limit: int, measures: Sequence[str]) -> Limit | None:
    """`above 25000 and below 30000`: between the two."""
    following = tokens[limit + 1 : limit + 4]
    if len(following) < 3 or len(measures) > 1 or following[0].text.lower() not in {"and", "but"}:
        return None
    _, other, most = following
    if {tokens[place].kind, other.kind} != _BOUNDS or {tokens[limit].kind, most.kind} != {Kind.NUMBER}:
        return None
    lower, upper = sorted((float(tokens[limit].value), float(most.value)))
    return Limit(Threshold("between", lower, upper), frozenset({place, limit, limit + 2, limit + 3}))


def _side(name: str, *, higher_is_better: bool) -> Side:
    """`better` is above or below, as the measure has it."""
    if name in {"better", "worse"}:
        return "above" if (name == "better") == higher_is_better else "below"
    return next(side for side in SIDES if side == name)


def _beside_one(tokens: Sequence[Token], dimensions: Collection[Dimension], higher_is_better: bool) -> Limit | None:
    """`which regions beat West`, `a higher margin than Tea`: what that one has is the limit."""
    members = [(place, part_of(token.value)) for place, token in enumerate(tokens) if token.kind is Kind.MEMBER]
    for place, part in members:
        is_alone = [other for _, other in members].count(part) == 1
        if part in dimensions and is_alone and (found := _side_before(tokens, place)):
            name, places = found
            side = _side(name, higher_is_better=higher_is_better)
            return Limit(Threshold(side, than=tokens[place].value), frozenset({*places, place}))
    return None


def _side_before(tokens: Sequence[Token], place: int) -> tuple[str, set[int]] | None:
    """The words that set something against the name that stands here, and on which side of it."""
    before = [at for at in range(place) if tokens[at].kind is not Kind.FILLER]
    if not before:
        return None
    last = tokens[before[-1]]
    if last.kind in _BOUNDS:
        return last.value, {before[-1]}
    ends = [at for at in before if tokens[at].kind in ENDS]
    if last.text.lower() != "than":
        return None
    if ends:
        return _SIDES_OF_ENDS[tokens[ends[-1]].kind], {ends[-1], before[-1]}
    # `more expensive than`, `fewer returns than`: fillers elsewhere.
    degrees = [at for at in range(place) if tokens[at].text.lower() in _DEGREES]
    return (_DEGREES[tokens[degrees[-1]].text.lower()], {degrees[-1], before[-1]}) if degrees else None


def _between(tokens: Sequence[Token], place: int) -> Limit | None:
    """Two values with `and` between them."""
    if tokens[place].kind is not Kind.BETWEEN:
        return None
    after = list(islice((at for at in range(place, len(tokens)) if tokens[at].kind is not Kind.FILLER), 4))
    if [tokens[at].kind for at in after] != [Kind.BETWEEN, Kind.NUMBER, Kind.AND, Kind.NUMBER]:
        return None
    least, most = sorted(float(tokens[at].value) for at in (after[1], after[3]))
    return Limit(Threshold("between", least, most), frozenset(after))


def _loss(tokens: Sequence[Token], dimensions: Collection[Dimension]) -> Threshold | None:
    """`which regions make a loss`: a profit below 0; not `where do we lose the most`."""
    is_asked = any(token.kind is Kind.MEASURE and token.text.lower() in LOSSES for token in tokens)
    has_end = any(token.kind in ENDS for token in tokens)
    return Threshold("below", 0.0) if is_asked and dimensions and not has_end else None


def _gain(tokens: Sequence[Token], dimensions: Collection[Dimension]) -> Threshold | None:
    """`are all regions profitable`: a profit above 0; not `how profitable`, `more profitable`."""
    place = next((at for at, token in enumerate(tokens) if token.text.lower() == "profitable"), 0)
    graded = any(token.kind in ENDS or token.text.lower() in {"how", "more", "less", "than"} for token in tokens)
    return Threshold("above", 0.0) if place and dimensions and not graded else None


def _needs_no_limit(token: Token, following: Sequence[Token]) -> bool:
    """`more than South` and `exceed that in Q3` set two beside each other; `over the year` is no limit."""
    if token.kind not in _BOUNDS:
        return False
    beside = next((one for one in following if one.kind not in {Kind.FILLER, Kind.MEASURE}), None)
    is_comparable = beside is not None and beside.kind in _COMPARABLE
    return token.text.lower() == "over" or is_comparable or any(one.kind in _COMPARABLE for one in following[:2])
