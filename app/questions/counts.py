"""How many are ranked at each end of an order: `top 2 and bottom 3`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.questions.limits import ENDS
from app.questions.tokens import Kind, Token

# More than there can ever be.
_MOST = 1000


def find_counts(tokens: Sequence[Token]) -> tuple[dict[int, int], set[int]]:
    """The number of each end, by the end's place; and the places of the numbers.

    A number belongs to the end beside it, and one before what is ranked (`which 2 regions have the lowest cost`) to
    all that have none. Beside an end with a number, one that is of a single thing is of one.
    """
    ends = [place for place, token in enumerate(tokens) if token.kind in ENDS]
    numbers = [place for place, token in enumerate(tokens) if token.kind is Kind.NUMBER and token.text[-1:] != "%"]
    counts, shared = dict[int, int](), dict[int, int]()
    for place in numbers:
        count = max(1, int(min(float(tokens[place].value), _MOST)))
        beside = [at for at in (place - 1, place + 1) if at in ends and at not in counts]
        if beside:
            counts[beside[0]] = count
        elif [one.kind for one in tokens[place + 1 : place + 2]] == [Kind.DIMENSION]:
            shared[place] = count
    counts |= {place: 1 for place in ends if counts and place not in counts and _is_of_one(tokens, place)}
    if shared:
        counts = {place: next(iter(shared.values())) for place in ends} | counts
    return counts, {place for place in numbers if _is_counted(tokens, place, counts, shared)}


def _is_of_one(tokens: Sequence[Token], place: int) -> bool:
    """`the two best and the worst region`."""
    following = tokens[place + 1 : place + 2]
    return any(one.kind is Kind.DIMENSION and not one.text.lower().endswith("s") for one in following)


def _is_counted(tokens: Sequence[Token], place: int, counts: dict[int, int], shared: dict[int, int]) -> bool:
    is_beside = bool({place - 1, place + 1} & {*counts})
    return (is_beside or place in shared) and min(float(tokens[place].value), _MOST) in counts.values()
