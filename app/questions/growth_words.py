"""What is said of growth before it is measured: that there is none, or its average. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.questions.limits import ENDS
from app.questions.tokens import Kind, Token

_BETWEEN = {Kind.FILLER, Kind.DIMENSION, Kind.BY}


def denials_of_growth(tokens: Sequence[Token]) -> set[int]:
    """The places of what denies a rise or a fall: `did not grow`, `no growth`; not `never`, which is of each time."""
    denied = set[int]()
    for place, token in enumerate(tokens):
        following = next((one for one in tokens[place + 1 :] if one.kind is not Kind.FILLER), None)
        is_moved = following is not None and following.kind in {Kind.RISE, Kind.FALL} and not following.value
        denies = token.kind is Kind.NOT and token.text.lower() not in {"never", "nor"}
        if is_moved and (denies or token.text.lower() == "without"):
            denied.add(place)
    return denied


def averages_growth(tokens: Sequence[Token]) -> bool:
    """`average monthly growth`, `grew the most on average`; not `growth of the average price`."""
    places = [place for place, token in enumerate(tokens) if token.kind is Kind.AVERAGE]
    return any(
        _moves(_next_but(_BETWEEN, tokens[place + 1 :]))
        or _is_growth(_next_but({*_BETWEEN, Kind.MEASURE}, tokens[place + 1 :]))
        or _moves(_next_but({Kind.FILLER, *ENDS}, tokens[:place][::-1]))
        for place in places
    )


def _next_but(passed_over: Collection[Kind], tokens: Sequence[Token]) -> Token | None:
    """The next word, but for those of some kinds and for `month over month`."""
    passed = (token for token in tokens if token.kind not in passed_over and not (_moves(token) and token.value))
    return next(passed, None)


def _moves(token: Token | None) -> bool:
    return token is not None and token.kind in {Kind.RISE, Kind.FALL}


def _is_growth(token: Token | None) -> bool:
    """`average revenue growth`; not `how did average revenue grow`."""
    return token is not None and token.text.lower() in {"growth", "growth rate"}
