"""By which dimensions a draft is split: what stands beside each other, and what cannot split anything. Pure."""

from __future__ import annotations

from dataclasses import replace

from app.questions.draft import MOST_SPLITS, Draft, without_moments
from app.questions.months import ALL, SIZES, Months, Unit, months_by_season
from app.questions.named import Named
from app.questions.order import without_order
from app.questions.query import OVER_TIME, PARTS, Dimension, Query
from app.questions.tokens import Kind


def add_comparison(named: Named, draft: Draft) -> Draft:
    """Split by what stands beside each other: regions, products, times."""
    listed = [part for part in PARTS if len(named.members[part].names) > 1 and not named.members[part].excluded]
    if named.has(Kind.TOGETHER) and not named.compares_groups:
        return draft
    if named.compares_groups:
        draft = draft.left(*named.words(Kind.TOGETHER)).noting("I can't compare sums of several: each is shown alone.")
    room = MOST_SPLITS - len([one for one in draft.split if one not in listed])
    beside = tuple(part for part in listed[: max(0, room)] if part not in draft.split)
    # Who has the share stands last.
    split = (*beside, *draft.split) if draft.query.focus == "share" else (*draft.split, *beside)
    draft = replace(draft, split=split)
    for part in listed[max(0, room) :]:
        draft = draft.noting(f"{named.members[part].listed()} are taken together.")
    draft = _add_seasons(named, draft)
    unit = None if "season" in draft.split or _ranks_parts_in_one_time(named) else _listed_unit(named)
    if unit and draft.unit is None and len(draft.split) < MOST_SPLITS:
        draft = draft.by(unit)
    elif unit == "year" and draft.unit != "year" and len(draft.split) < MOST_SPLITS:
        draft = draft.by("year")
    counts_times = beside and named.is_counted and named.threshold is None
    if counts_times and draft.unit is None and len(draft.split) < MOST_SPLITS:
        draft = draft.counting_months()
    if named.compared_with:
        return _compare_with_all(named, draft)
    is_comparison = draft.split or len(named.measures) > 1 or named.has(Kind.RISE, Kind.FALL)
    if named.has(Kind.OTHERS) or (named.has(Kind.COMPARE) and not is_comparison):
        return _compare_with_all(named, draft)
    return draft


def _add_seasons(named: Named, draft: Draft) -> Draft:
    """Seasons that are named stand beside each other; those of several years are taken together."""
    times = [time for time in named.times if time.is_season and not time.is_range]
    seasons = months_by_season(month for time in times for month in time.months)
    if len(seasons) > 1 and draft.unit is None and len(draft.split) < MOST_SPLITS:
        draft = draft.by("season")
    elif named.has(Kind.COMPARE) and len([time for time in named.times if time.crosses_years]) > 1:
        draft = draft.noting("I can't set winters against each other: their months are shown.")
    return draft


def _noting_seasons(draft: Draft) -> Draft:
    """How much of each season there is, where it is not the same; and which months a year's winter is."""
    if "season" not in draft.split:
        return draft
    held = {season: len(months) for season, months in months_by_season(draft.query.months or ALL).items()}
    if len(set(held.values())) > 1:
        counted = ", ".join(f"{season} {count}" for season, count in held.items())
        draft = draft.noting(f"The seasons are of different length: months of {counted}.")
    if "year" in draft.split and "Winter" in held:
        return draft.noting("A year's winter is taken as its January, February and December.")
    return draft


def _compare_with_all(named: Named, draft: Draft) -> Draft:
    """`How does North compare?`: beside all the others."""
    alone = [part for part in PARTS if len(named.members[part].names) == 1 and not named.members[part].excluded]
    if len(alone) != 1 or draft.query.focus == "share":
        return draft.left(*named.words(Kind.COMPARE, Kind.OTHERS)[:1])
    name = draft.query.members(alone[0]).names[0]
    compared = replace(draft, query=draft.query.without_filter(alone[0])).by(alone[0])
    return compared.noting(f"{name} is shown beside all {alone[0]}s.")


def _ranks_parts_in_one_time(named: Named) -> bool:
    """`top 2 products in Q4`: over all years, each product once."""
    ranks = bool(named.ends) and any(split.dimension in PARTS for split in named.splits)
    return ranks and len(named.times) == 1 and not named.has(Kind.YEAR, Kind.RISE, Kind.FALL)


def _listed_unit(named: Named) -> Unit | None:
    """The unit of times that stand beside each other, the finest of them."""
    times = [time for time in named.times if not time.is_range]
    if any(time.window is Kind.YEAR_BEFORE for time in named.times):
        return "year"
    if times and all(time.is_season for time in times):
        if not any(time.crosses_years for time in times):
            return "year"
        return "month" if len(times) > 1 else None
    if len(times) > 1 or any(time.unit != "year" and len(time.years) > 1 for time in times):
        return min((time.unit for time in times), key=lambda unit: SIZES[unit])
    return None


def drop_moments(named: Named, draft: Draft) -> Draft:
    """Time of which there is only one unit splits nothing; growth may still find it another."""
    if named.has(Kind.RISE, Kind.FALL):
        return draft
    return without_moments(draft)


def prune(named: Named, draft: Draft) -> Draft:
    """Take out dimensions that cannot split: of one member, of time within time, and more than two."""
    draft = without_moments(draft)
    query = draft.query
    share_of = replace(query, split=draft.split).share_of
    kept = [one for one in draft.split if not _is_single(one, query) or one == share_of]
    units = [one for one in kept if one in OVER_TIME]
    surplus = [one for one in units[1:] if "year" not in (one, units[0])]
    if "season" in kept and {"quarter", "half"} & {*units}:
        surplus.append("season")
    if len(units) > 1 and not _is_same_each_year(query.months or ALL):
        surplus.append("year")
    needed = share_of or (draft.unit if query.focus else None)
    left = [one for one in kept if one not in surplus]
    chosen = sorted(left, key=lambda one: one != needed)[:MOST_SPLITS]
    extra = [one for one in (*surplus, *left) if one not in chosen]
    words = [named.tokens[split.place].text for split in named.splits if split.dimension in extra]
    pruned = replace(draft, split=tuple(one for one in left if one in chosen)).left(*words)
    return _noting_seasons(pruned) if pruned.split else without_order(named, pruned)


def _is_single(dimension: Dimension, query: Query) -> bool:
    """Whether there is only one of it, so that it splits nothing."""
    if dimension == "season":
        return len(months_by_season(query.months or ALL)) == 1
    return len(query.members(dimension).those_in(dimension)) == 1


def _is_same_each_year(months: Months) -> bool:
    """Whether the years have the same months, so that they can stand beside each other."""
    years = {month[:4] for month in months}
    return len({tuple(month[5:] for month in months if month[:4] == year) for year in years}) == 1
