"""What a question names becomes queries. Pure.

A query is split by at most two dimensions. What is compared, ranked or grows decides what else it must be split by:
- two or more regions, products or times beside each other: by these;
- growth: by the unit of the times that are named; one time alone is measured against the year before;
- a share: by the dimension of whose members it is;
- an average, a trend, an outlier: by month, if no other unit is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.questions.draft import Draft
from app.questions.focus import add_average, add_growth, add_outliers, add_running_total, add_share, add_trend
from app.questions.measures import DEFAULT_MEASURE, RATIOS
from app.questions.months import ALL, Months
from app.questions.named import Named
from app.questions.order import add_limit, add_ranking, rank_both_ends, wants_both_ends
from app.questions.query import Query, in_order
from app.questions.shape import add_comparison, drop_moments, prune
from app.questions.tokens import Kind

_STEPS = (
    add_share,
    add_comparison,
    drop_moments,
    add_growth,
    add_average,
    add_running_total,
    add_outliers,
    add_trend,
    add_ranking,
    add_limit,
    prune,
)
"""What is compared comes before what needs time, and ranks come after both."""


@dataclass(frozen=True)
class Composed:
    """The queries, the words that found no place in them, and what was taken for granted."""

    queries: tuple[Query, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def compose(named: Named, default: str = "") -> Composed:
    """Make queries of what is named; `default` is the measure that is meant where none is."""
    measures = _measures(named)
    notes = () if measures else (f"No measure was named: I took {default or DEFAULT_MEASURE}.",)
    drafts = [_draft(_for_measure(named, measure), measure) for measure in measures or (default or DEFAULT_MEASURE,)]
    queries = [query for draft in drafts for query in _finished(_for_measure(named, draft.query.measure), draft)]
    left_out = dict.fromkeys(word for draft in drafts for word in draft.left_out)
    told = dict.fromkeys((*notes, *(note for draft in drafts for note in draft.notes)))
    return Composed(tuple(dict.fromkeys(queries)), tuple(left_out), tuple(told))


def _for_measure(named: Named, measure: str) -> Named:
    """`the highest revenue and the lowest cost`: only the ends that stand before this measure."""
    owners = [(end, _measure_behind(named, place)) for end in named.ends for place in end[:1]]
    if len(named.measures) < 2 or {owner for _, owner in owners} != set(named.measures):
        return named
    return replace(named, ends=tuple(end for end, owner in owners if owner == measure))


def _measure_behind(named: Named, place: int) -> str:
    """The measure that stands right behind a word."""
    following = (token for token in named.tokens[place + 1 :] if token.kind is not Kind.FILLER)
    return next((token.value if token.kind is Kind.MEASURE else "" for token in following), "")


def _measures(named: Named) -> tuple[str, ...]:
    """The measures that are named; the share of one in another is a measure of its own."""
    ratio = RATIOS.get(frozenset(named.measures)) if named.has(Kind.SHARE) else None
    if ratio:
        return (ratio,)
    return named.measures or ((named.unknown_measure,) if named.unknown_measure else ())


def months_named(named: Named) -> Months:
    """All months that are meant; none where no time is named."""
    if not named.times and not named.excluded_times:
        return ()
    within = {month for time in named.times for month in time.months} if named.times else set(ALL)
    without = {month for time in named.excluded_times for month in time.months}
    return tuple(sorted(within - without))


def _draft(named: Named, measure: str) -> Draft:
    """One measure, through all steps."""
    query = Query(measure, (), _in_data(months_named(named)), named.members["region"], named.members["product"])
    draft = Draft(query, tuple(dict.fromkeys(split.dimension for split in named.splits)))
    for step in _STEPS:
        draft = step(named, draft)
    return draft


def _finished(named: Named, draft: Draft) -> list[Query]:
    """The query; both ends of an order are two, and so are the sizes of parts and their course."""
    months = () if draft.query.months == ALL else draft.query.months
    query = replace(draft.query, split=in_order(draft.split), months=months)
    if named.has(Kind.TREND) and _lacks_course(draft):
        if query.ranking or not query.split:
            return [*([query] if query.ranking else []), replace(query, split=("month",), ranking=None)]
        return [query, replace(query, split=in_order((query.split[0], "month")))]
    if query.ranking and wants_both_ends(named):
        return [replace(query, ranking=ranking) for ranking in rank_both_ends(named, draft, query.ranking)]
    return [query]


def _lacks_course(draft: Draft) -> bool:
    """Whether a course over time can be told that no other step tells."""
    return not draft.query.focus and draft.unit is None and len(draft.query.months or ALL) > 1


def _in_data(months: Months) -> Months:
    """The months that the data hold; where they hold none of them, all that were named."""
    return tuple(month for month in months if month in ALL) or months
