"""What a person would ask next: who is behind a course over time, and what is behind the largest part. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.agent.findings.insight import tied
from app.agent.table import Table
from app.questions.months import ALL
from app.questions.query import OVER_TIME, PARTS, Dimension, Members, Query, in_order

MOST = 3
"""How many answers a deck rests on, if no more were asked for."""


def drill_down(wanted: Sequence[Query], first: Table) -> list[Query]:
    """More questions, none of which those that were asked for answer already; `first` are the rows of the first."""
    found = dict.fromkeys(_ideas(wanted[0], first))
    new = [one for one in found if one.focus or not any(other.covers(one) for other in wanted[1:])]
    return [one for one in new if one not in wanted][: max(0, MOST - len(wanted))]


def _ideas(query: Query, table: Table) -> Iterator[Query]:
    plain = query.for_rows()
    times = [one for one in query.split if one in OVER_TIME]
    parts = [one for one in query.split if one not in OVER_TIME]
    if query.focus in {"growth", "outliers"} and len(query.split) == 1:
        yield from (
            replace(query, split=in_order((*times, part)), ranking=None, threshold=None) for part in _free(query)
        )
    elif times:
        yield from (replace(plain, split=(part,)) for part in (*parts, *_free(query)))
    elif len(parts) == 1 and parts[0] in PARTS:
        yield from _behind(plain, parts[0], table, lowest=bool(query.ranking and query.ranking.lowest))
    else:
        alone = parts if len(parts) > 1 else []
        yield from _over_time(plain)
        yield from (replace(plain, split=(part,)) for part in (*alone, *_free(query)))


def _free(query: Query) -> list[Dimension]:
    """The parts that figures can still be split by."""
    return [part for part in PARTS if part not in query.split and len(query.members(part).those_in(part)) > 1]


def _behind(plain: Query, part: Dimension, table: Table, *, lowest: bool) -> Iterator[Query]:
    """Its course over time, and what the part at the end of the order is made of."""
    is_chosen = bool(plain.members(part).names)
    yield from (replace(one, split=("month", part)) if is_chosen else one for one in _over_time(plain))
    ends = tied(table.points, lowest=lowest)
    if len(ends) == 1:
        inside = plain.with_members(part, Members((ends[0].label,)))
        yield from (replace(inside, split=(other,)) for other in _free(replace(inside, split=(part,))))


def _over_time(plain: Query) -> Iterator[Query]:
    if len(plain.months or ALL) > 1:
        yield replace(plain, split=("month",))
