"""Ranks and limits: top, bottom, best, worst, above and below; each adds to a draft. Pure."""

from __future__ import annotations

from dataclasses import replace

from app.questions.draft import MOST_SPLITS, Draft, has_units, with_room
from app.questions.growth_limits import limit_on_growth
from app.questions.limits import ENDS, LOSSES
from app.questions.measures import measure_named
from app.questions.named import Named
from app.questions.query import OVER_TIME, PARTS, Dimension, Ranking, Threshold, part_of
from app.questions.tokens import Kind

_OF_CHANGES = {"growth", "average growth"}
_PLURAL_COUNT = 3


def add_ranking(named: Named, draft: Draft) -> Draft:
    """A rank, from the end that the words mean for this measure."""
    # What is higher than one of them is seen beside it, and is not the highest of all.
    kinds = set() if named.compared_with else {kind for _, kind in named.ends}
    is_told = draft.query.focus == "growth" and limit_on_growth(named) is not None
    if draft.query.focus == "running total":
        return draft.left(*named.words(*ENDS, *([Kind.NUMBER] if named.counts else [])))
    if is_told or (draft.query.focus == "share" and named.has(Kind.RISE, Kind.FALL)):
        return draft
    if not kinds and not _falls(named, draft):
        return _in_full(named, draft)
    if not draft.split and any(named.tokens[place].text.lower().startswith("peak") for place, _ in named.ends):
        draft = draft.by("month") if has_units(draft) else draft
    if not draft.split and (part := _rankable(draft)):
        draft = draft.by(part).noting(f"Nothing was named to be ranked: I ranked the {part}s.")
    if draft.query.focus in {"average", "median", "average growth"} and all(one in OVER_TIME for one in draft.split):
        return draft.left(*named.words(*ENDS, *([Kind.NUMBER] if named.counts else [])))
    count = named.count() or (_PLURAL_COUNT if _is_plural(named) else 1)
    if not named.counts and count > 1:
        draft = draft.noting(f"No number was named: I took {count}.")
    lowest = any(_is_lowest(kind, named, draft) for kind in kinds or {Kind.HIGH})
    ranking = Ranking(count, lowest, _ranked_within(named, draft))
    return replace(draft, query=replace(draft.query, ranking=ranking))


def _is_lowest(kind: Kind, named: Named, draft: Draft) -> bool:
    """Whether a word means the lower end of the figures: the largest loss is the lowest profit."""
    higher_is_better = draft.query.focus in _OF_CHANGES or measure_named(draft.query.measure).higher_is_better
    is_low = kind is Kind.LOW or kind is (Kind.WORST if higher_is_better else Kind.BEST)
    loses = draft.query.measure == "profit" and any(token.text.lower() in LOSSES for token in named.tokens)
    return is_low != (loses or _falls(named, draft))


def _falls(named: Named, draft: Draft) -> bool:
    """Whether it is falls that are ranked."""
    return draft.query.focus in _OF_CHANGES and named.has(Kind.FALL) and not named.rises


def _in_full(named: Named, draft: Draft) -> Draft:
    """`rank the regions`: all of them in their order."""
    is_asked = any(token.text.lower() in {"rank", "ranked", "ranking"} for token in named.tokens)
    parts = [part for part in PARTS if draft.split == (part,)]
    if not is_asked or not parts or draft.query.focus or named.threshold or named.compared_with:
        return draft
    count = len(draft.query.members(parts[0]).those_in(parts[0]))
    return replace(draft, query=replace(draft.query, ranking=Ranking(count)))


def _rankable(draft: Draft) -> Dimension | None:
    """A part of which there is more than one."""
    return next((part for part in PARTS if len(draft.query.members(part).those_in(part)) > 1), None)


def wants_both_ends(named: Named) -> bool:
    """Whether the best are wanted, and the worst."""
    kinds = {kind for _, kind in named.ends}
    return {Kind.HIGH, Kind.LOW} <= kinds or {Kind.BEST, Kind.WORST} <= kinds


def rank_both_ends(named: Named, draft: Draft, ranking: Ranking) -> list[Ranking]:
    """The top and the bottom, each with its own number where it has one."""
    lowest = {kind: _is_lowest(kind, named, draft) for _, kind in named.ends}
    kinds = {end: [kind for kind, is_low in lowest.items() if is_low == end] for end in (False, True)}
    return [replace(ranking, lowest=end, count=named.count(*of_end) or ranking.count) for end, of_end in kinds.items()]


def _is_plural(named: Named) -> bool:
    """`top products`; not `which products have the highest margin`."""
    return any(split.plural and split.place == end + 1 for split in named.splits for end, _ in named.ends)


def _ranked_within(named: Named, draft: Draft) -> Dimension | None:
    """`the best product in each region`, `in North and South`: the dimension that is ranked in each of the other."""
    if len(draft.split) != MOST_SPLITS or draft.query.focus:
        return None
    each = {split.dimension for split in named.splits if split.each}
    ranked = [split.dimension for split in named.splits if not split.each]
    is_beside = len(ranked) == 1 and not each and ranked[0] in draft.split
    return ranked[0] if ranked and (is_beside or each - set(ranked)) else None


def add_limit(named: Named, draft: Draft) -> Draft:
    """A value that figures are to be above or below; `how often` counts units of time."""
    if draft.query.focus == "growth" and not (named.threshold and named.threshold.than):
        return _add_limit_on_growth(named, draft)
    if not named.threshold:
        return draft
    if draft.query.focus == "running total" and not is_reached(named.threshold):
        return draft.noting("I can't set that limit on a running total: all of it is shown.")
    if (than := named.threshold.than) and (draft.query.focus or draft.split != (part_of(than),)):
        return draft.noting(f"{than} is shown beside all {part_of(than)}s.")
    limited = replace(draft, query=replace(draft.query, threshold=named.threshold))
    if named.is_counted and draft.unit is None and has_units(draft):
        return with_room(named, limited).counting_months()
    return limited


def is_reached(limit: Threshold) -> bool:
    """Whether it is a value from below: what adds up passes it once."""
    return limit.side in ("above", "at least") and limit.value is not None


def _add_limit_on_growth(named: Named, draft: Draft) -> Draft:
    """A limit on changes, in percent or points."""
    limit = limit_on_growth(named)
    if limit is None:
        return draft.noting("I can't set that limit on growth: all are shown.") if named.threshold else draft
    is_named = any(split.dimension == draft.unit for split in named.splits)
    if is_named and len(draft.split) == MOST_SPLITS and "year" not in draft.split:
        draft = draft.noting(f"Growth is from the first {draft.unit} to the last: I do not count single {draft.unit}s.")
    return replace(draft, query=replace(draft.query, threshold=limit))


def without_order(named: Named, draft: Draft) -> Draft:
    """One figure alone has no rank, and is its own average."""
    query = draft.query
    left_out = named.words(*ENDS) if query.ranking else []
    is_average = query.threshold is not None and query.threshold.is_average
    threshold = None if is_average else query.threshold
    left_out += named.words(Kind.AVERAGE) if is_average else []
    return replace(draft, query=replace(query, ranking=None, threshold=threshold)).left(*left_out)
