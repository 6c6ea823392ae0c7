"""What a question names becomes queries. Pure.

A query is split by at most two dimensions. What is compared, ranked or grows decides what else it must be split by:
- two or more regions, products or times beside each other: by these;
- growth: by the unit of the times that are named; one time alone is measured against the year before;
- a share: by the dimension of whose members it is;
- an average, a trend, an outlier: by month, if no other unit is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.questions.measures import DEFAULT_MEASURE, RATIOS, measure_named
from app.questions.months import ALL, SIZES, Months, Unit, name_of, shift
from app.questions.named import ENDS, Named, part_of
from app.questions.query import OVER_TIME, PARTS, Dimension, Query, Ranking, in_order
from app.questions.tokens import Kind

MOST_SPLITS = 2
_PLURAL_COUNT = 3


@dataclass(frozen=True)
class Composed:
    """The queries, the words that found no place in them, and what was taken for granted."""

    queries: tuple[Query, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Draft:
    """A query in the making: for one measure, with its dimensions in the order of their weight."""

    query: Query
    split: tuple[Dimension, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def left(self, *words: str) -> _Draft:
        """The same with words that were left out."""
        return replace(self, left_out=(*self.left_out, *words))

    def noting(self, note: str) -> _Draft:
        """The same with something taken for granted."""
        return replace(self, notes=(*self.notes, note))

    def by(self, *dimensions: Dimension) -> _Draft:
        """The same, split by these as well."""
        return replace(self, split=tuple(dict.fromkeys((*self.split, *dimensions))))

    @property
    def unit(self) -> Unit | None:
        """The finest unit of time that it is split by."""
        return next((unit for unit in SIZES if unit in self.split), None)


def compose(named: Named, default: str = "") -> Composed:
    """Make queries of what is named; `default` is the measure that is meant where none is."""
    measures = _measures(named)
    notes = () if measures else (f"No measure was named: I took {default or DEFAULT_MEASURE}.",)
    drafts = [_draft(named, measure) for measure in measures or (default or DEFAULT_MEASURE,)]
    queries = [query for draft in drafts for query in _finished(named, draft)]
    left_out = dict.fromkeys(word for draft in drafts for word in draft.left_out)
    told = dict.fromkeys((*notes, *(note for draft in drafts for note in draft.notes)))
    return Composed(tuple(dict.fromkeys(queries)), tuple(left_out), tuple(told))


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


def _draft(named: Named, measure: str) -> _Draft:
    """The steps in their order: what is compared comes before what needs time, and ranks come last."""
    query = Query(measure, (), _in_data(months_named(named)), named.members["region"], named.members["product"])
    draft = _Draft(query, tuple(dict.fromkeys(split.dimension for split in named.splits)))
    for step in (_share, _compare, _moments, _growth, _average, _outliers, _trend, _rank, _limit, _prune):
        draft = step(named, draft)
    return draft


def _finished(named: Named, draft: _Draft) -> list[Query]:
    """The query; both ends of an order are two, and so are the sizes of parts and their course."""
    months = () if draft.query.months == ALL else draft.query.months
    query = replace(draft.query, split=in_order(draft.split), months=months)
    if named.has(Kind.TREND) and _is_untold_course(draft):
        if query.ranking or not query.split:
            return [*([query] if query.ranking else []), replace(query, split=("month",), ranking=None)]
        return [query, replace(query, split=in_order((query.split[0], "month")))]
    if query.ranking and _wants_both_ends(named):
        return [replace(query, ranking=replace(query.ranking, lowest=lowest)) for lowest in (False, True)]
    return [query]


def _is_untold_course(draft: _Draft) -> bool:
    """Whether a course over time can be told that no other step tells."""
    return not draft.query.focus and draft.unit is None and len(draft.query.months or ALL) > 1


def _in_data(months: Months) -> Months:
    """The months that the data hold; where they hold none of them, all that were named."""
    return tuple(month for month in months if month in ALL) or months


def _share(named: Named, draft: _Draft) -> _Draft:
    if not _asks_for_share(named):
        return draft
    if len(named.measures) > 1:
        return draft.left(*named.words(Kind.SHARE))
    if not measure_named(draft.query.measure).adds_up:
        return draft.left(*named.words(Kind.SHARE)).noting(f"Shares of a {draft.query.measure} mean nothing.")
    of = _sharing(named, draft)
    draft = replace(draft, query=replace(draft.query, focus="share"))
    if of:
        return draft if of in draft.split else _without_last(named, draft).by(of)
    if any(part in PARTS for part in draft.split):
        return draft
    return _without_last(named, draft).by("region").noting("No parts were named to have a share: I took the regions.")


def _asks_for_share(named: Named) -> bool:
    """Whether a share is wanted; not growth in percent, nor a share that has a name of its own."""
    words = [token for token in named.tokens if token.kind is Kind.SHARE]
    if named.has(Kind.RISE, Kind.FALL):
        words = [token for token in words if token.value != "percent"]
    return bool(words) and frozenset(named.measures) not in RATIOS


def _sharing(named: Named, draft: _Draft) -> Dimension | None:
    """The dimension of the members whose share is asked for: one that the figures are split by, else by their words.

    Those in `Tea's share` and `share of Tea` come before the last that is named; not those in `share of Tea's revenue`.
    """
    chosen = [part for part in PARTS if named.members[part].names and not named.members[part].excluded]
    split = [part for part in draft.split if part in chosen]
    if split or not chosen:
        return split[-1] if split else None
    tokens = named.tokens
    places = [
        place for place, token in enumerate(tokens) if token.kind is Kind.MEMBER and part_of(token.value) in chosen
    ]
    share = next(place for place, token in enumerate(tokens) if token.kind is Kind.SHARE)
    owning = [place for place in places if tokens[place].possessive and place == share - 1]
    direct = [place for place in places if place in (share + 1, share + 2) and not tokens[place].possessive]
    return part_of(tokens[next(iter([*owning, *direct, *reversed(places)]))].value)


def _with_room(named: Named, draft: _Draft) -> _Draft:
    """The draft with room for a unit of time."""
    return draft if draft.unit else _without_last(named, draft)


def _without_last(named: Named, draft: _Draft) -> _Draft:
    """The draft with room for another dimension: the last one is left out where there are two."""
    if len(draft.split) < MOST_SPLITS:
        return draft
    *kept, last = draft.split[:MOST_SPLITS]
    words = [named.tokens[split.place].text for split in named.splits if split.dimension == last]
    return replace(draft, split=tuple(kept)).left(*words[:1])


def _compare(named: Named, draft: _Draft) -> _Draft:
    listed = [part for part in PARTS if len(named.members[part].names) > 1 and not named.members[part].excluded]
    if named.has(Kind.TOGETHER):
        return draft
    room = MOST_SPLITS - len([one for one in draft.split if one not in listed])
    draft = draft.by(*listed[: max(0, room)])
    for part in listed[max(0, room) :]:
        draft = draft.noting(f"{named.members[part].listed()} are taken together.")
    unit = _listed_unit(named)
    if unit and draft.unit is None and len(draft.split) < MOST_SPLITS:
        draft = draft.by(unit)
    elif unit == "year" and draft.unit != "year" and len(draft.split) < MOST_SPLITS:
        draft = draft.by("year")
    is_comparison = draft.split or len(named.measures) > 1 or named.has(Kind.RISE, Kind.FALL)
    if named.has(Kind.OTHERS) or (named.has(Kind.COMPARE) and not is_comparison):
        return _compare_with_all(named, draft)
    return draft


def _compare_with_all(named: Named, draft: _Draft) -> _Draft:
    """`How does North compare?`: beside all the others."""
    alone = [part for part in PARTS if len(named.members[part].names) == 1 and not named.members[part].excluded]
    if len(alone) != 1 or draft.query.focus == "share":
        return draft.left(*named.words(Kind.COMPARE, Kind.OTHERS)[:1])
    name = draft.query.members(alone[0]).names[0]
    compared = replace(draft, query=draft.query.without_filter(alone[0])).by(alone[0])
    return compared.noting(f"{name} is shown beside all {alone[0]}s.")


def _listed_unit(named: Named) -> Unit | None:
    """The unit of times that stand beside each other, the finest of them."""
    times = [time for time in named.times if not time.is_range]
    if len(times) > 1 or any(time.unit != "year" and len(time.years) > 1 for time in times):
        return min((time.unit for time in times), key=lambda unit: SIZES[unit])
    return None


def _growth(named: Named, draft: _Draft) -> _Draft:
    if not named.has(Kind.RISE, Kind.FALL):
        return draft
    if draft.query.focus == "share":
        return _with_room(named, draft).by(draft.unit or "year")
    draft = _with_room(named, replace(draft, query=replace(draft.query, focus="growth")))
    unit = draft.unit or named.growth_unit or _spanned_unit(named) or "year"
    months = draft.query.months or ALL
    if not _is_moment(unit, months):
        return draft.by(unit)
    earlier = shift(months, -12)
    if set(earlier) <= set(ALL):
        grown = replace(draft, query=replace(draft.query, months=tuple(sorted({*earlier, *months}))))
        return grown.by(unit).noting(f"Growth in {name_of(months)} is measured against {name_of(earlier)}.")
    if len(months) > 1:
        first, last = name_of(months[:1]), name_of(months[-1:])
        return draft.by("month").noting(f"The data begin with {name_of(ALL[:1])}: growth is from {first} to {last}.")
    return replace(draft, query=replace(draft.query, focus="")).left(*named.words(Kind.RISE, Kind.FALL))


def _spanned_unit(named: Named) -> Unit | None:
    """The unit of the times that are named, if there is one."""
    return min((time.unit for time in named.times), key=lambda unit: SIZES[unit], default=None)


def _average(named: Named, draft: _Draft) -> _Draft:
    if not named.has(Kind.AVERAGE) or draft.query.focus or (named.threshold and named.threshold.value is None):
        return draft
    if not measure_named(draft.query.measure).adds_up:
        return draft.noting(f"An average {draft.query.measure} is that of all units together.")
    if not _has_units(draft):
        return draft.left(*named.words(Kind.AVERAGE))
    averaged = _with_room(named, replace(draft, query=replace(draft.query, focus="average")))
    return averaged if draft.unit else averaged.by("month")


def _outliers(named: Named, draft: _Draft) -> _Draft:
    if not named.has(Kind.OUTLIER) or draft.query.focus:
        return draft
    marked = replace(draft, query=replace(draft.query, focus="outliers"))
    if not _has_units(draft) and not marked.query.marks_months:
        return draft.left(*named.words(Kind.OUTLIER))
    return marked if draft.unit else _with_room(named, marked).by("month")


def _trend(named: Named, draft: _Draft) -> _Draft:
    """A trend takes more than one month."""
    if not named.has(Kind.TREND):
        return draft
    if len(draft.query.months or ALL) == 1:
        return draft.left(*named.words(Kind.TREND))
    return _with_room(named, draft).by(draft.unit or "month") if draft.query.focus == "share" else draft


def _has_units(draft: _Draft) -> bool:
    """Whether there is more than one unit of the time that figures are told by."""
    return not _is_moment(draft.unit or "month", draft.query.months or ALL)


def _moments(named: Named, draft: _Draft) -> _Draft:
    """Time of which there is only one unit splits nothing; growth may still find it another."""
    if named.has(Kind.RISE, Kind.FALL):
        return draft
    return _without_moments(draft)


def _without_moments(draft: _Draft) -> _Draft:
    months = draft.query.for_rows().months or ALL
    return replace(draft, split=tuple(one for one in draft.split if not _is_moment(one, months)))


def _rank(named: Named, draft: _Draft) -> _Draft:
    kinds = {kind for _, kind in named.ends}
    falls = draft.query.focus == "growth" and named.has(Kind.FALL) and not named.has(Kind.RISE)
    if not kinds and not falls:
        return draft
    if not draft.split:
        draft = draft.by("region").noting("Nothing was named to be ranked: I ranked the regions.")
    higher_is_better = draft.query.focus == "growth" or measure_named(draft.query.measure).higher_is_better
    lowest = Kind.LOW in kinds or (Kind.WORST in kinds and higher_is_better)
    lowest = lowest or (Kind.BEST in kinds and not higher_is_better)
    count = named.count or (_PLURAL_COUNT if _is_plural(named) else 1)
    if not named.count and count > 1:
        draft = draft.noting(f"No number was named: I took {count}.")
    ranking = Ranking(count, lowest != falls, _ranked_within(named, draft))
    return replace(draft, query=replace(draft.query, ranking=ranking))


def _wants_both_ends(named: Named) -> bool:
    kinds = {kind for _, kind in named.ends}
    return {Kind.HIGH, Kind.LOW} <= kinds or {Kind.BEST, Kind.WORST} <= kinds


def _is_plural(named: Named) -> bool:
    """`top products`; not `which products have the highest margin`."""
    return any(split.plural and split.place == end + 1 for split in named.splits for end, _ in named.ends)


def _ranked_within(named: Named, draft: _Draft) -> Dimension | None:
    """`the best product in each region`: the dimension that is ranked in each of the other."""
    if len(draft.split) != MOST_SPLITS or draft.query.focus:
        return None
    each = {split.dimension for split in named.splits if split.each}
    ranked = [split.dimension for split in named.splits if not split.each]
    return ranked[0] if ranked and each - set(ranked) else None


def _limit(named: Named, draft: _Draft) -> _Draft:
    return replace(draft, query=replace(draft.query, threshold=named.threshold)) if named.threshold else draft


def _prune(named: Named, draft: _Draft) -> _Draft:
    """Take out dimensions that cannot split: of one member, of time within time, and more than two."""
    draft = _without_moments(draft)
    query = draft.query
    share_of = replace(query, split=draft.split).share_of
    kept = [one for one in draft.split if len(query.members(one).those_in(one)) != 1 or one == share_of]
    units = [one for one in kept if one in OVER_TIME]
    surplus = [one for one in units[1:] if "year" not in (one, units[0])]
    kept = [one for one in kept if one not in surplus]
    extra = [*surplus, *kept[MOST_SPLITS:]]
    named_words = [named.tokens[split.place].text for split in named.splits if split.dimension in extra]
    pruned = replace(draft, split=tuple(kept[:MOST_SPLITS])).left(*named_words)
    return pruned if pruned.split else _without_order(named, pruned)


def _without_order(named: Named, draft: _Draft) -> _Draft:
    """One figure alone has no rank, and is its own average."""
    query = draft.query
    left_out = named.words(*ENDS) if query.ranking else []
    is_average = query.threshold is not None and query.threshold.value is None
    threshold = None if is_average else query.threshold
    left_out += named.words(Kind.AVERAGE) if is_average else []
    return replace(draft, query=replace(query, ranking=None, threshold=threshold)).left(*left_out)


def _is_moment(dimension: Dimension, months: Months) -> bool:
    """Whether all months are in one unit, by which nothing can be told apart."""
    size = next((size for unit, size in SIZES.items() if unit == dimension), 0)
    return bool(size) and len({(month[:4], (int(month[5:]) - 1) // size) for month in months}) == 1
