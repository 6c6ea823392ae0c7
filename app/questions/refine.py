"""A few words about a question that was asked before: `and for 2023?`, `only Tea`, `by product instead`. Pure.

What the words name takes the place of what the question said of the same; the rest of the question stays. Words that
add (`compare with South`, `also`) leave it beside them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from app.questions.alternatives import apart, for_each_year
from app.questions.compose import compose
from app.questions.months import ALL, months_by_season
from app.questions.named import Named, name_parts
from app.questions.query import OVER_TIME, PARTS, Dimension, Members, Query, part_of
from app.questions.reading import Reading, join_readings, notes_on
from app.questions.refusals import refuse
from app.questions.tokenise import tokenise
from app.questions.tokens import Kind, Token

_IN_EACH = {"in each", "in every", "for each", "for every"}
_FOCUS = (Kind.RISE, Kind.FALL, Kind.SHARE, Kind.AVERAGE, Kind.RUNNING, Kind.OUTLIER)


def refine(query: Query, words: str, *, adds: bool = False, given_up: str = "") -> Reading:
    """The question that these words make of another; they take the place of the region or product `given_up`."""
    tokens = tokenise(words)
    if parts := apart(tokens):
        each = [refine(query, " ".join(token.text for token in part), adds=adds, given_up=given_up) for part in parts]
        return join_readings(each)
    own = name_parts(tokens, query.months)
    if given_up and own.members[part := part_of(given_up)].names and query.members(part).names:
        rest = _without_member(query, given_up)
        if rest is None:
            return Reading(queries=(query,))
        query, adds = rest, adds or bool(rest.members(part).names)
    if _asks_in_each(query, own):
        query, adds = _ranked_in_each(query), True
    freed = {part for part in PARTS if _asks_for_all(own, part) and query.members(part).names}
    adds_split, adds = adds, adds or (own.has(Kind.COMPARE) and not _compares_by_itself(own))
    kept = tokenise(" ".join(_unchanged(query, own, adds=adds, adds_split=adds_split or bool(freed))))
    year = tokenise(_year_of(query, own))
    named = [token for token in tokens if not (token.kind is Kind.DIMENSION and token.value in freed)]
    added = [token for token in named if not (adds and _is_left_in(token, query, own))]
    questions = [name_parts(one, query.months) for one in for_each_year((*kept, *added, *year))]
    if refusal := refuse(own, is_fragment=True) or refuse(questions[0]):
        return Reading(refusal=refusal)
    return join_readings([_composed(query, own, merged) for merged in questions])


def _asks_in_each(query: Query, own: Named) -> bool:
    """`in each region`, where products are ranked: in each of these."""
    named = [split.dimension for split in own.splits if split.each]
    is_in_each = any(token.text.lower() in _IN_EACH for token in own.tokens)
    is_new = len(named) == len(own.splits) == len(query.split) == 1 and not {*named} & {*query.split}
    return bool(query.ranking) and not query.focus and is_in_each and is_new


def _ranked_in_each(query: Query) -> Query:
    return replace(query, ranking=query.ranking and replace(query.ranking, within=query.split[0]))


def _composed(query: Query, own: Named, merged: Named) -> Reading:
    composed = compose(merged)
    left_out = (*own.left_out, *composed.left_out)
    queries = composed.queries if own.splits else tuple(_ranked_within(one, query) for one in composed.queries)
    return Reading(queries, left_out, (*composed.notes, *notes_on(merged)), chart=own.chart)


def _ranked_within(refined: Query, query: Query) -> Query:
    """`and the worst?`, where the best month of each region was told: the worst of each."""
    if not refined.ranking or not query.ranking or refined.split != query.split:
        return refined
    return replace(refined, ranking=replace(refined.ranking, within=query.ranking.within))


def joins_comparison(query: Query, words: str) -> bool:
    """`East`, where North and South stand beside each other: one more of the same, and nothing else."""
    own = name_parts(tokenise(words), query.months)
    asks = bool(own.measures or own.splits or own.times or own.ends or own.has(*_FOCUS))
    named = [part for part in PARTS if own.members[part].names]
    beside = [part for part in named if part in query.split and len(query.members(part).names) > 1]
    is_excluded = any(own.members[part].excluded or query.members(part).excluded for part in named)
    return len(named) == 1 == len(beside) and not asks and not is_excluded


def _without_member(query: Query, name: str) -> Query | None:
    """The same without one of those that are named; None where it is none of them."""
    members = query.members(part_of(name))
    if members.excluded or name not in members.names:
        return None
    return query.with_members(part_of(name), Members(tuple(one for one in members.names if one != name)))


def _unchanged(query: Query, own: Named, *, adds: bool, adds_split: bool) -> list[str]:
    """What the words do not speak of."""
    is_other = bool(own.measures or own.unknown_measure) and not own.is_per_unit
    kept = [] if is_other and not adds_split else [query.measure]
    if query.split and (adds_split or not own.splits):
        kept.append(_by(query, own))
    kept += _kept_seasons(query, own)
    if adds or not own.times:
        kept.append(query.when() or (_every_year() if own.times else ""))
    if not own.splits and not adds and (not own.times or _sums_parts(query, own)):
        kept.append(query.together())
    for part in PARTS:
        named = own.members[part]
        if _asks_for_all(own, part):
            continue
        if adds or not named.names or named.excluded:
            kept.append(_without(query.members(part), named).in_words())
    keeps_focus = (not own.has(*_FOCUS) or _averages_growth_of(query, own)) and (
        query.focus == "share" or not own.has(Kind.TREND)
    )
    kept += _modifiers(query, own) if keeps_focus else []
    return kept


def _sums_parts(query: Query, own: Named) -> bool:
    """`in 2024`, where North and South are added up: still both together."""
    summed = any(part not in query.split and len(query.members(part).names) > 1 for part in PARTS)
    return summed and len(own.times) == 1 and not any(own.members[part].names for part in PARTS)


def _by(query: Query, own: Named) -> str:
    """What the figures are split by; the average of growth may take another unit of time."""
    times = OVER_TIME if _averages_growth_of(query, own) else ()
    split = [one for one in query.split if one not in times]
    return f"by {' and '.join(split)}" if split else ""


def _averages_growth_of(query: Query, own: Named) -> bool:
    """`on average`, where growth was asked for."""
    asks = own.measures or own.has(*(kind for kind in _FOCUS if kind is not Kind.AVERAGE))
    return query.focus == "growth" and own.has(Kind.AVERAGE) and not asks


def _kept_seasons(query: Query, own: Named) -> list[str]:
    """`and in 2024?`, where summer and winter stand beside each other: those of that year."""
    seasons = months_by_season(query.months) if "season" in query.split else {}
    is_other_year = bool(own.times) and all(time.unit == "year" for time in own.times)
    return [f"in {' and '.join(seasons)}"] if seasons and is_other_year else []


def _asks_for_all(own: Named, part: Dimension) -> bool:
    """`include all products`: nothing is left out any more."""
    return any(
        before.text.lower() in {"all", "every"} and token.kind is Kind.DIMENSION and token.value == part
        for before, token in pairwise(own.tokens)
    )


def _every_year() -> str:
    """What a question without a time is about, where a time is to stand beside it."""
    return " and ".join(sorted({month[:4] for month in ALL}))


def _is_left_in(token: Token, query: Query, own: Named) -> bool:
    """Whether it names what is left out no more: that alone filters nothing."""
    part = part_of(token.value) if token.kind is Kind.MEMBER else None
    return part is not None and query.members(part).excluded and not own.members[part].excluded


def _without(kept: Members, named: Members) -> Members:
    """`include Tea again`: what is named is left out no more."""
    if not kept.excluded or named.excluded:
        return kept
    names = tuple(name for name in kept.names if name not in named.names)
    return Members(names, excluded=bool(names))


def _modifiers(query: Query, own: Named) -> list[str]:
    """What the question said of the figures; it ranked or limited them only if the words do neither."""
    return [query.focus] if own.ends or own.threshold else query.modifiers()


def _compares_by_itself(own: Named) -> bool:
    """`compare North with West`; not `compare with West`."""
    return len(own.times) > 1 or any(len(members.names) > 1 for members in own.members.values())


def _year_of(query: Query, own: Named) -> str:
    """The year that `and in Q4?` means: that of the question, if it is one."""
    years = {month[:4] for month in query.months}
    has_year = own.has(Kind.YEAR) or any(time.window for time in own.times)
    has_part = own.has(Kind.PART_OF_YEAR)
    return f"in {years.pop()}" if has_part and not has_year and len(years) == 1 else ""
