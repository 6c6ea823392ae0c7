"""What is to be said of the figures: shares, growth, averages, outliers, a trend; each adds to a draft. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.questions.draft import MOST_SPLITS, Draft, has_units, is_moment, with_room, without_last
from app.questions.measures import RATIOS, measure_named
from app.questions.months import ALL, SIZES, Unit, months_by_season, name_of, shift
from app.questions.named import Named
from app.questions.query import OVER_TIME, PARTS, Dimension, Focus, part_of
from app.questions.tokens import Kind, Token

# Of so many times there is one step at most, which is its own average.
_NO_STEPS = 2


def add_share(named: Named, draft: Draft) -> Draft:
    """Shares, and the dimension whose members have them."""
    if not _asks_for_share(named):
        return draft
    if len(named.measures) > 1:
        return draft.left(*named.words(Kind.SHARE))
    if not measure_named(draft.query.measure).adds_up:
        return draft.left(*named.words(Kind.SHARE)).noting(f"Shares of a {draft.query.measure} mean nothing.")
    of = _sharing(named, draft)
    draft = replace(draft, query=replace(draft.query, focus="share"))
    if of:
        roomy = draft if of in draft.split else without_last(named, draft)
        return replace(roomy, split=(*(one for one in roomy.split if one != of), of))
    if any(part not in OVER_TIME for part in draft.split):
        return draft
    return without_last(named, draft).by("region").noting("No parts were named to have a share: I took the regions.")


def _asks_for_share(named: Named) -> bool:
    """Whether a share is wanted; not growth in percent, nor a share that has a name of its own."""
    words = [token for token in named.tokens if token.kind is Kind.SHARE]
    if named.has(Kind.RISE, Kind.FALL):
        words = [token for token in words if token.value != "percent"]
    if named.threshold:
        words = [token for token in words if not _counts(named.tokens, token)]
    return bool(words or _is_limited_in_percent(named)) and frozenset(named.measures) not in RATIOS


def _counts(tokens: Sequence[Token], share: Token) -> bool:
    """`what percent of months were above 25000`: how many of them."""
    following = [token for token in tokens[tokens.index(share) + 1 :] if token.kind is not Kind.FILLER]
    return bool(following) and following[0].kind is Kind.DIMENSION


def _is_limited_in_percent(named: Named) -> bool:
    """`more than 30% of units`: of what adds up, a limit in percent is one on shares."""
    adds_up = all(measure_named(measure).adds_up for measure in named.measures)
    is_percent = any(token.kind is Kind.NUMBER and token.text.endswith("%") for token in named.tokens)
    return named.threshold is not None and adds_up and is_percent and not named.has(Kind.RISE, Kind.FALL)


def _sharing(named: Named, draft: Draft) -> Dimension | None:
    """The dimension of the members whose share is asked for: one that the figures are split by, else by their words.

    Those in `Tea share` and `share of Tea` come before the last that is named; not those in `share of Tea's revenue`.
    `in the North` and `for the North` name the whole, where something else can have the share.
    """
    chosen = [part for part in PARTS if named.members[part].names and not named.members[part].excluded]
    split = [part for part in draft.split if part in chosen]
    sharers = [part for part in chosen if not _names_the_whole(named.tokens, part)]
    if sharers or any(part in PARTS for part in draft.split):
        chosen = sharers
    tokens = named.tokens
    if split:
        return split[-1]
    if (owner := _shared_by(tokens)) or not chosen:
        return owner
    places = [
        place for place, token in enumerate(tokens) if token.kind is Kind.MEMBER and part_of(token.value) in chosen
    ]
    share = next((place for place, token in enumerate(tokens) if token.kind is Kind.SHARE), len(tokens))
    owning = [place for place in places if place == share - 1]
    direct = [place for place in places if place in (share + 1, share + 2) and not _is_whole(tokens, place, places)]
    return part_of(tokens[next(iter([*owning, *direct, *reversed(places)]))].value)


def _is_whole(tokens: Sequence[Token], place: int, places: Sequence[int]) -> bool:
    """`share of Tea's revenue`, `percentage of West revenue is Tea`: what another has a share of."""
    following = tokens[place + 1 : place + 2]
    is_of_measure = bool(following) and following[0].kind is Kind.MEASURE and place != places[-1]
    return tokens[place].possessive or is_of_measure


def _names_the_whole(tokens: Sequence[Token], part: Dimension) -> bool:
    """Whether the names of this part stand behind `in` or `for`."""
    first = next(
        place for place, token in enumerate(tokens) if token.kind is Kind.MEMBER and part_of(token.value) == part
    )
    return bool({"in", "for", "within"} & {token.text.lower() for token in tokens[max(0, first - 2) : first]})


def _shared_by(tokens: Sequence[Token]) -> Dimension | None:
    """The dimension in `share of each product` and `product mix`; not that in `share by product`."""
    share = next((place for place, token in enumerate(tokens) if token.kind is Kind.SHARE), len(tokens))
    following = next((one for one in tokens[share + 1 :] if one.kind not in {Kind.FILLER, Kind.EACH}), None)
    before = [] if _is_split_by(tokens, share - 1) else list(tokens[max(0, share - 1) : share])
    named = [one.value for one in (*before, following) if one is not None and one.kind is Kind.DIMENSION]
    return next((part for part in PARTS if part in named), None)


def _is_split_by(tokens: Sequence[Token], place: int) -> bool:
    """Whether `by` or `each` stands before a word, over a list."""
    before = (token.kind for token in reversed(tokens[: max(0, place)]))
    return next((kind for kind in before if kind not in {Kind.AND, Kind.DIMENSION}), None) in {Kind.BY, Kind.EACH}


def add_growth(named: Named, draft: Draft) -> Draft:
    """Growth, and two times to grow between."""
    if not named.has(Kind.RISE, Kind.FALL):
        return draft.left(*named.words(Kind.POINTS))
    draft = _in_points_or_percent(named, draft)
    if draft.query.focus == "share":
        return _since_year_before(with_room(named, draft).by(draft.unit or "year"))
    draft = with_room(named, replace(draft, query=replace(draft.query, focus="growth")))
    unit = draft.unit or named.growth_unit or _unit_of_growth(named, draft)
    months = draft.query.months or ALL
    if named.growth_unit and draft.unit and SIZES[named.growth_unit] > SIZES[draft.unit]:
        return _over_years(named, draft)
    if not is_moment(unit, months):
        return draft.by(unit)
    earlier = shift(months, -SIZES[unit if named.growth_unit == unit else "year"])
    if set(earlier) <= set(ALL):
        grown = replace(draft, query=replace(draft.query, months=tuple(sorted({*earlier, *months}))))
        return grown.by(unit).noting(f"Growth in {name_of(months)} is measured against {name_of(earlier)}.")
    if len(months) > 1:
        first, last = name_of(months[:1]), name_of(months[-1:])
        return draft.by("month").noting(f"The data begin with {name_of(ALL[:1])}: growth is from {first} to {last}.")
    return replace(draft, query=replace(draft.query, focus="")).left(*named.words(Kind.RISE, Kind.FALL))


def _since_year_before(draft: Draft) -> Draft:
    """`who gained share in 2024`: since the year before, where one time alone is named."""
    months = draft.query.months or ALL
    earlier = shift(months, -SIZES["year"])
    if not is_moment(draft.unit or "year", months) or not set(earlier) <= set(ALL):
        return draft
    grown = replace(draft, query=replace(draft.query, months=tuple(sorted({*earlier, *months}))))
    return grown.noting(f"Growth in {name_of(months)} is measured against {name_of(earlier)}.")


def _unit_of_growth(named: Named, draft: Draft) -> Unit:
    """The unit where none is named: a season is beside itself a year before.

    How often something was so is counted in months, and its average is taken over them.
    """
    if "season" in draft.split:
        return "year"
    spanned = _spanned_unit(named)
    if named.averages_growth and spanned and _count_units(spanned, draft) <= _NO_STEPS:
        return "month"
    return spanned or ("month" if named.is_counted or named.averages_growth else "year")


def _over_years(named: Named, draft: Draft) -> Draft:
    """`by month, year over year`: each month beside that of the year before, where there are both and there is room."""
    has_both = {month[:4] for month in draft.query.months or ALL} == {month[:4] for month in ALL}
    if named.growth_unit == "year" and has_both and len(draft.split) < MOST_SPLITS:
        return draft.by("year")
    return draft.left(*(token.text for token in named.tokens if token.kind is Kind.RISE and token.value))


def _in_points_or_percent(named: Named, draft: Draft) -> Draft:
    """Say so where changes are told in the other one than was asked for."""
    measure = measure_named(draft.query.measure)
    in_points = measure.is_percentage or draft.query.focus == "share"
    if named.has(Kind.POINTS) and not in_points:
        return draft.noting(f"Changes of {measure.name} are told in percent, not in points.")
    in_percent = any(token.kind is Kind.SHARE and token.value == "percent" for token in named.tokens)
    if in_percent and measure.is_percentage and not named.has(Kind.POINTS):
        return draft.noting(f"Changes of a {measure.name} are told in points, not in percent.")
    return draft


def _spanned_unit(named: Named) -> Unit | None:
    """The unit of the times that are named, if there is one."""
    return min((time.unit for time in named.times), key=lambda unit: SIZES[unit], default=None)


def add_average(named: Named, draft: Draft) -> Draft:
    """The average or the median over units of time; the average of a ratio is the ratio of the whole."""
    if not named.has(Kind.AVERAGE) or (named.threshold and named.threshold.is_average):
        return draft
    if named.averages_growth and _has_steps(named, draft):
        return replace(draft, query=replace(draft.query, focus="average growth"))
    if draft.query.focus:
        is_of_whole = not measure_named(draft.query.measure).adds_up and not named.averages_growth
        return draft if is_of_whole else draft.left(*named.words(Kind.AVERAGE))
    averages = {token.text: token.value for token in named.tokens if token.kind is Kind.AVERAGE}
    focus: Focus = "median" if "median" in averages.values() else "average"
    if focus == "average" and not measure_named(draft.query.measure).adds_up:
        return draft.noting(f"An average {draft.query.measure} is that of all units together.")
    if not has_units(draft):
        return draft.left(*named.words(Kind.AVERAGE))
    draft = draft.left(*(word for word in averages if focus == "median" and averages[word] != "median"))
    averaged = replace(draft, query=replace(draft.query, focus=focus))
    if draft.unit:
        return averaged
    return _over_seasons(named, averaged) if _has_seasons(draft) else with_room(named, averaged).by("month")


def _has_steps(named: Named, draft: Draft) -> bool:
    """Whether there are several steps to take the average of, and nothing else that is to be said of them."""
    is_one_course = len([one for one in draft.split if one in OVER_TIME]) == 1 and "season" not in draft.split
    return (
        draft.query.focus == "growth"
        and named.threshold is None
        and _count_units(draft.unit or "year", draft) > _NO_STEPS
        and is_one_course
    )


def _count_units(unit: Unit, draft: Draft) -> int:
    return len({(month[:4], (int(month[5:]) - 1) // SIZES[unit]) for month in draft.query.months or ALL})


def _has_seasons(draft: Draft) -> bool:
    return "season" in draft.split and len(months_by_season(draft.query.months or ALL)) > 1


def _over_seasons(named: Named, draft: Draft) -> Draft:
    """`average revenue per season`: over the seasons of the one year, or each season's over the years."""
    if is_moment("year", draft.query.months or ALL):
        return draft
    others = [split for split in named.splits if split.dimension != "season"]
    words = [named.tokens[split.place].text for split in others]
    return replace(draft, split=("season", "year")).left(*words)


def add_running_total(named: Named, draft: Draft) -> Draft:
    """The sum of all up to each time."""
    words = named.words(Kind.RUNNING)
    if not words or draft.query.focus or "season" in draft.split:
        return draft.left(*words)
    if not measure_named(draft.query.measure).adds_up:
        return draft.left(*words).noting(f"A running total of a {draft.query.measure} means nothing.")
    if not has_units(draft):
        return draft.left(*words)
    summed = replace(draft, query=replace(draft.query, focus="running total"))
    return summed if draft.unit else with_room(named, summed).by("month")


def add_outliers(named: Named, draft: Draft) -> Draft:
    """What stands out in a course over time."""
    if not named.has(Kind.OUTLIER) or draft.query.focus:
        return draft
    marked = replace(draft, query=replace(draft.query, focus="outliers"))
    if not has_units(draft) and not marked.query.marks_months:
        return draft.left(*named.words(Kind.OUTLIER))
    return marked if draft.unit else with_room(named, marked).by("month")


def add_trend(named: Named, draft: Draft) -> Draft:
    """A trend takes more than one month."""
    if not named.has(Kind.TREND):
        return draft
    if len(draft.query.months or ALL) == 1:
        return draft.left(*named.words(Kind.TREND))
    return with_room(named, draft).by(draft.unit or "month") if draft.query.focus == "share" else draft
