"""The measures that a question names, and the words that only suggest one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.questions.limits import LOSSES
from app.questions.query import MEMBERS
from app.questions.tokens import Kind, Token

_EACH = {"revenue": "price per unit", "cost": "cost per unit", "profit": "profit per unit"}
_SINGLE = {"unit", "pack", "packet", "package", "piece"}
_VAGUE_VALUES = ("revenue", "units")


def find_measures(tokens: Sequence[Token]) -> tuple[tuple[str, ...], set[int]]:
    """The measures in their order. What only suggests one counts where none is named."""
    named = [(place, token) for place, token in enumerate(tokens) if token.kind is Kind.MEASURE]
    firm = [(place, token) for place, token in named if not token.is_loose]
    chosen = firm or named
    measures = _per_unit(tokens, tuple(dict.fromkeys(token.value for _, token in chosen)))
    suggested = {*measures, *_VAGUE_VALUES, *(["price per unit"] if {"cost", "cost per unit"} & {*measures} else [])}
    vague = {place for place, token in named if token.is_loose and token.value in suggested}
    return measures, {place for place, _ in chosen} | vague


def _per_unit(tokens: Sequence[Token], measures: tuple[str, ...]) -> tuple[str, ...]:
    """`which product costs the least per unit`, `profit per Tea`: that of one."""
    is_each = any(before.text.lower() == "per" and _is_one(token) for before, token in pairwise(tokens))
    whole = [measure for measure in measures if measure != "units"]
    return (_EACH[whole[0]],) if is_each and len(whole) == 1 and whole[0] in _EACH else measures


def _is_one(token: Token) -> bool:
    return token.text.lower() in _SINGLE or (token.kind is Kind.MEMBER and token.value in MEMBERS["product"])


def unknown_measure(tokens: Sequence[Token]) -> int | None:
    """The place of a word that stands where a measure would: `headcount by region`."""
    for place in range(len(tokens) - 2):
        kinds = [token.kind for token in tokens[place : place + 3]]
        if kinds == [Kind.UNKNOWN, Kind.BY, Kind.DIMENSION]:
            return place
    return None


def with_losses_as_falls(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """`who lost the most share`, `which region lost revenue`: what is lost is no profit."""
    shares = any(token.kind is Kind.SHARE and not token.value for token in tokens)
    if not shares and not any(token.kind is Kind.MEASURE and not token.is_loose for token in tokens):
        return tokens
    return tuple(
        replace(token, kind=Kind.FALL, value="")
        if token.is_loose and token.text.lower() in LOSSES - {"loss", "losses"}
        else token
        for token in tokens
    )
