"""Which names a question leaves out: `except Tea and Espresso in 2024` leaves out two products, and no year. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.questions.query import part_of
from app.questions.tokens import Kind, Token

_NAMES = {Kind.MEMBER, Kind.YEAR, Kind.PART_OF_YEAR, Kind.RECENT, Kind.THIS, Kind.EARLY, Kind.YEAR_BEFORE}
_WITHIN_A_LIST = {Kind.AND, Kind.DIMENSION, Kind.NUMBER, Kind.TO}


def excluded_places(tokens: Sequence[Token]) -> tuple[set[int], set[int]]:
    """The places of what is left out, and of the words that say so; not of those that leave out nothing."""
    excluded, excluding = set[int](), set[int]()
    for place in range(len(tokens)):
        if _excludes(tokens, place) and (names := _names_after(tokens, place)):
            excluded |= names
            excluding.add(place)
    return excluded, excluding


def _excludes(tokens: Sequence[Token], place: int) -> bool:
    """`except`, `not`; and the `but` of `all regions but the East` and of `by region but the East`."""
    if tokens[place].kind in {Kind.EXCLUDE, Kind.NOT}:
        return True
    if tokens[place].text.lower() != "but":
        return False
    following = [token for token in tokens[place + 1 : place + 3] if token.text.lower() not in {"the", "for", "in"}]
    if not following or following[0].kind not in _NAMES:
        return False
    is_all = any({"all", "every", "each", "any"} & set(token.text.lower().split()) for token in tokens[:place])
    return is_all or _is_one_of(following[0], tokens[:place])


def _is_one_of(name: Token, before: Sequence[Token]) -> bool:
    """Whether it is a region or a product where these are named before, and none of them."""
    part = part_of(name.value) if name.kind is Kind.MEMBER else ""
    is_named = any(token.kind is Kind.MEMBER and part_of(token.value) == part for token in before)
    return not is_named and any(token.kind is Kind.DIMENSION and token.value == part for token in before)


def _names_after(tokens: Sequence[Token], place: int) -> set[int]:
    """The list of names that follows, if one does at once."""
    names = set[int]()
    for at in range(place + 1, len(tokens)):
        kind = tokens[at].kind
        if kind in _NAMES:
            names.add(at)
        elif not (kind in _WITHIN_A_LIST or _is_passed_over(tokens[at], bool(names))):
            break
    return names


def _is_passed_over(token: Token, is_in_list: bool) -> bool:
    """Before the first name any filler may stand; after it `in` begins something else."""
    return token.kind is Kind.FILLER and (not is_in_list or token.text.lower() in {"the", "also"})
