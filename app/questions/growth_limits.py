"""The limit that growth is to pass: `grew more than 10%`, `fell in every quarter`, `which did not grow`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.questions.named import Named, Split
from app.questions.query import FALLING, RISING, Side, Threshold
from app.questions.tokens import Kind, Token

_OTHER_SIDES: dict[Side, Side] = {"above": "at most", "at most": "above", "below": "at least", "at least": "below"}
_ASKING = {"which", "what", "any"}
_EVERY = {"all", "each", "every", "any", "both", "no", "evry", "in each", "in every", "for each", "for every", "across"}
_OF_WHICH = {"where", "when", "which", "that", "with", "whose"}
_YES_OR_NO = {"did", "do", "does", "has", "have", "is", "are", "was", "were"}


def limit_on_growth(named: Named) -> Threshold | None:
    """The limit on changes, those of a fall below zero; None where changes are to be told or ranked."""
    limit = _limit(named)
    return _denied(limit) if limit and named.denies_growth else limit


def _denied(limit: Threshold) -> Threshold | None:
    """The other side of a limit; None of one between two, and of one on falls: who rose did not fall so far either."""
    other = _OTHER_SIDES.get(limit.side) if (limit.value or 0.0) >= 0 else None
    return replace(limit, side=other) if other else None


def _limit(named: Named) -> Threshold | None:
    falls = named.has(Kind.FALL) and not named.rises
    if falls and {kind for _, kind in named.ends} == {Kind.LOW}:
        return FALLING  # `the smallest decline` is one of those that fell
    if named.ends or not named.has(Kind.RISE, Kind.FALL):
        return None
    if named.threshold is None:
        return (FALLING if falls else RISING) if _asks_who_moved(named) else None
    if named.threshold.value is None or not _is_in_percent(named):
        return None
    return _of_a_fall(named.threshold, named.threshold.value) if falls else named.threshold


def _is_in_percent(named: Named) -> bool:
    """Whether the limit is on changes in percent or points, not on amounts; nothing is nothing in both."""
    is_percent = any(token.kind is Kind.NUMBER and token.text.endswith("%") for token in named.tokens)
    return (
        is_percent or named.has(Kind.SHARE, Kind.POINTS) or (named.threshold is not None and not named.threshold.value)
    )


def _of_a_fall(limit: Threshold, value: float) -> Threshold:
    """`fell more than 10%`: changes below −10."""  # noqa: RUF002 - the sign of a figure
    match limit.side:
        case "above":
            return Threshold("below", -value)
        case "at least":
            return Threshold("at most", -value)
        case "between":
            return Threshold("between", -limit.most, -value)
        case _:
            return Threshold("between", -value, 0.0)


def _asks_who_moved(named: Named) -> bool:
    """Whether it asks which of several grew, how often, or if all did; not how much they did."""
    if not any(token.kind in {Kind.RISE, Kind.FALL} and _has_direction(token) for token in named.tokens):
        return False
    if any(token.text.lower() == "than" for token in named.tokens):
        return False
    if named.is_counted or (named.denies_growth and any(not split.each for split in named.splits)):
        return True
    if any(_is_asked_for(named.tokens, split) for split in named.splits) or (
        named.splits and _which_moved(named.tokens)
    ):
        return True
    words = [token.text.lower() for token in named.tokens]
    asks_if = bool(_YES_OR_NO & set(words)) and not any(word.startswith("how") for word in words)
    return asks_if and (any(_before(named.tokens, split) in _EVERY for split in named.splits) or _all_of_them(words))


def _has_direction(token: Token) -> bool:
    return not token.value and not token.text.lower().startswith("chang")


def _is_asked_for(tokens: Sequence[Token], split: Split) -> bool:
    """`which regions`, `how many months`, `when`, `quarters in which`."""
    if tokens[split.place].text.lower() in {"when", "where"} or _before(tokens, split) in _ASKING:
        return True
    if split.place and tokens[split.place - 1].kind is Kind.COUNT:
        return True
    behind = {token.text.lower() for token in tokens[split.place + 1 : split.place + 3]}
    return bool(behind & _OF_WHICH) and not split.each


def _which_moved(tokens: Sequence[Token]) -> bool:
    """`which fell?`: of those that were spoken of."""
    moved = [place for place, token in enumerate(tokens) if token.kind in {Kind.RISE, Kind.FALL}]
    return any(_word_before(tokens[:place]) in {"which", "which one", "which ones", "who"} for place in moved)


def _word_before(tokens: Sequence[Token]) -> str:
    """The word before, over `have not` and `of them`."""
    over = _YES_OR_NO | {"had", "any", "of", "them", "these", "those"}
    words = (token.text.lower() for token in reversed(tokens) if token.kind is not Kind.NOT)
    return next((word for word in words if word not in over), "")


def _before(tokens: Sequence[Token], split: Split) -> str:
    """The word before a dimension, over `of the`."""
    words = [token.text.lower() for token in tokens[: split.place]]
    return next((word for word in reversed(words) if word not in {"of", "the", "our", "these", "single"}), "")


def _all_of_them(words: Sequence[str]) -> bool:
    """`did all of them grow`."""
    return any(
        tuple(words[place + 1 : place + 3]) == ("of", "them") for place, word in enumerate(words) if word in _EVERY
    )
