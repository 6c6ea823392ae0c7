"""The times that a question names: years, quarters, halves, months, ranges of them, and `last year`. Pure.

The cases, in this order:
- a part of a year takes the years that follow it (`Q4 2023 and 2024`: both), else those before it, else every year;
- where a year stands right before a part (`2024 Q1`), each part takes the year before it;
- `last`, `this` and `first` units count from the end or the start of the data, or of the year that follows; where the
  question names a unit of the same size, or `this`, `last` is the one before that;
- `the whole year` is that of what was spoken of before, or the last one;
- `last` before a part of a year is that at the end of the data;
- a season is three months, and winter ends in the year after;
- `compared with last year` and `the same quarter last year` are what else is named, a year before;
- two times joined by `to` or `between … and …` are a range; `since`, `until`, `after` and `before` are open ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.questions.mentions import TimeMention, kind_before, months_in
from app.questions.months import (
    ALL,
    SIZES,
    Months,
    Unit,
    months_of,
    name_of,
    names_of,
    shift,
)
from app.questions.query import OVER_TIME
from app.questions.ranges import join_ranges
from app.questions.tokens import Kind, Token

_YEARS = tuple(sorted({int(month[:4]) for month in ALL}))
_COMPARING = {Kind.COMPARE, Kind.ABOVE, Kind.BELOW}
_BETWEEN_YEARS = {Kind.FILLER, Kind.AND, Kind.TO, Kind.COMPARE, Kind.BETWEEN, Kind.EACH, Kind.ABOVE, Kind.BELOW}
_OF_ONE = {"with", "where", "when", "that"}
_WINDOWS = {Kind.THIS, Kind.RECENT, Kind.EARLY, Kind.NEXT}


def find_times(tokens: Sequence[Token], reference: Months = ()) -> list[TimeMention]:
    """All times that are named, in their order; `last` ones come before the `reference` if there is one."""
    plain = _without_whole([_as_compared(one, tokens) for one in _mentions(tokens)], tokens)
    mentions = _with_years_told(plain, tokens, reference)
    found = _with_years(mentions, tokens)
    named = [one for one in found if one.window is not Kind.YEAR_BEFORE]
    different = list(dict.fromkeys(replace(one, start=0, end=0) for one in named))
    resolved = list(join_ranges([_resolve(one, different, reference) for one in named], tokens))
    years_before = [one for one in found if one.window is Kind.YEAR_BEFORE]
    earlier = [time for one in years_before for time in _year_before(one, resolved, tokens, reference)]
    return sorted((*resolved, *earlier), key=lambda time: time.start)


def _without_whole(mentions: Sequence[TimeMention], tokens: Sequence[Token]) -> list[TimeMention]:
    """`the full year 2023`: one time, and not two."""
    kept = list[TimeMention]()
    for mention in mentions:
        before = kept[-1] if kept and kept[-1].unit == "year" else None
        whole = [one for one in (before, mention) if one and one.window is Kind.WHOLE_YEAR]
        if before and mention.years and whole == [before] and _is_filler(tokens[before.end : mention.start]):
            kept[-1] = replace(mention, start=before.start)
        elif before and before.years and whole == [mention] and _is_filler(tokens[before.end : mention.start]):
            kept[-1] = replace(before, end=mention.end)
        else:
            kept.append(mention)
    return kept


def _with_years_told(mentions: Sequence[TimeMention], tokens: Sequence[Token], reference: Months) -> list[TimeMention]:
    """`Q3 of last year`, `last year's Q3`: that year is as good as named."""
    told = list(mentions)
    for place, mention in enumerate(mentions):
        beside = (*mentions[max(0, place - 1) : place], *mentions[place + 1 : place + 2])
        is_one_year = (mention.unit, mention.number) == ("year", 1) and mention.window in {Kind.THIS, Kind.RECENT}
        if is_one_year and any(_is_part_beside(one, mention, tokens) for one in beside):
            months = _resolve(mention, mentions, reference).months
            told[place] = replace(mention, window=None, years=(int(months[0][:4]),), is_latest=True)
    return told


def _is_part_beside(one: TimeMention, year: TimeMention, tokens: Sequence[Token]) -> bool:
    """Whether a part of a year stands right beside a year."""
    is_part = one.unit != "year" and one.window is None
    return is_part and _is_filler(tokens[min(one.end, year.end) : max(one.start, year.start)])


def _as_compared(mention: TimeMention, tokens: Sequence[Token]) -> TimeMention:
    """`compared with last year`, `better than last year`: the year before that of which all else is said."""
    is_last_year = mention.window is Kind.RECENT and (mention.unit, mention.number) == ("year", 1)
    is_compared = is_last_year and kind_before(mention, tokens) in _COMPARING
    return replace(mention, window=Kind.YEAR_BEFORE) if is_compared else mention


def _year_before(
    mention: TimeMention, others: Sequence[TimeMention], tokens: Sequence[Token], reference: Months
) -> Iterator[TimeMention]:
    """What else is named, a year before; where nothing is, the last year, and the one before it."""
    within = {month for one in others for month in one.months}
    months = tuple(sorted(within)) or reference or ALL[-SIZES["year"] :]
    if not within and not reference and kind_before(mention, tokens) in _COMPARING:
        yield replace(mention, months=months, window=None)
    yield replace(mention, months=shift(months, -SIZES["year"]))


def _mentions(tokens: Sequence[Token]) -> Iterator[TimeMention]:
    place = 0
    while place < len(tokens):
        mention = _mention(tokens, place)
        if mention:
            yield mention
        place = mention.end if mention else place + 1


def _mention(tokens: Sequence[Token], place: int) -> TimeMention | None:
    token = tokens[place]
    if token.kind is Kind.YEAR:
        return TimeMention(place, place + 1, "year", years=(int(token.value),))
    if token.kind is Kind.PART_OF_YEAR:
        unit, number, *length = token.value.split()
        return TimeMention(place, place + 1, _unit(unit), number=int(number), length=int("".join(length) or 1))
    if token.kind in {Kind.YEAR_BEFORE, Kind.TO_DATE, Kind.WHOLE_YEAR}:
        return TimeMention(place, place + 1, _unit(token.value or "year"), number=1, window=token.kind)
    return _latest(tokens, place) or _window(tokens, place) if token.kind in _WINDOWS else None


def _latest(tokens: Sequence[Token], place: int) -> TimeMention | None:
    """`last December`, `last summer`: that of the data's end."""
    following = tokens[place + 1 : place + 2]
    if tokens[place].kind is not Kind.RECENT or not following or following[0].kind is not Kind.PART_OF_YEAR:
        return None
    part = _mention(tokens, place + 1)
    return replace(part, start=place, is_latest=True) if part else None


def _window(tokens: Sequence[Token], place: int) -> TimeMention | None:
    """`last year`, `past 6 months`, `first two quarters`."""
    rest = tokens[place + 1 : place + 3]
    count = int(float(rest[0].value)) if rest and rest[0].kind is Kind.NUMBER and len(rest[0].value) < 4 else 0
    unit = rest[-1] if count and len(rest) == 2 else rest[0] if rest else None
    if unit is None or unit.kind is not Kind.DIMENSION or unit.value not in OVER_TIME or unit.text.endswith("ly"):
        return None
    end = place + (3 if count else 2)
    if not count and _is_one_of_many(tokens, end):
        return None
    precedes = tokens[place].text.lower() in {"previous", "prior", "preceding"}
    return TimeMention(place, end, _unit(unit.value), number=count or 1, window=tokens[place].kind, precedes=precedes)


def _is_one_of_many(tokens: Sequence[Token], end: int) -> bool:
    """`first month with revenue above 25000`, `last month East beat West`: not the first of all."""
    opening = next((token for token in tokens[end:] if token.text.lower() != "the"), None)
    if opening is None or (opening.kind is not Kind.MEMBER and opening.text.lower() not in _OF_ONE):
        return False
    return any(token.kind in {Kind.ABOVE, Kind.BELOW} for token in tokens[end:])


def _with_years(mentions: list[TimeMention], tokens: Sequence[Token]) -> list[TimeMention]:
    """Give each part of a year its years; the years that were given away are mentions no more."""
    given, found = set[int](), list[TimeMention]()
    for place, mention in enumerate(mentions):
        if mention.unit == "year":
            continue
        owners = _owners(mentions, place, tokens)
        years = tuple(sorted({year for owner in owners for year in mentions[owner].years}))
        end = _end_with_years(mentions, place, owners, tokens)
        told = [mentions[owner] for owner in owners if mentions[owner].is_latest]
        start = min(one.start for one in (mention, *told)) if owners[-1:] == [place - 1] else mention.start
        is_latest = mention.is_latest or bool(told)
        found.append(replace(mention, start=start, years=years, end=end, is_latest=is_latest))
        given |= {owner for owner in owners if not _is_cut(mentions[owner], mention, tokens)}
    alone = [one for place, one in enumerate(mentions) if one.unit == "year" and place not in given]
    return sorted([*alone, *found], key=lambda one: one.start)


def _end_with_years(mentions: Sequence[TimeMention], place: int, owners: Sequence[int], tokens: Sequence[Token]) -> int:
    """Where a part of a year ends: behind its years, but before any word that says something else."""
    end = mentions[place].end
    for owner in owners if owners[:1] == [place + 1] else ():
        if any(token.kind not in _BETWEEN_YEARS for token in tokens[end : mentions[owner].start]):
            return end
        end = mentions[owner].end
    return end


def _owners(mentions: Sequence[TimeMention], place: int, tokens: Sequence[Token]) -> list[int]:
    """Places of the years that a part of a year belongs to."""
    mention, following = mentions[place], _years_after(mentions, place)
    if mention.window:
        is_joined = following[:1] == [place + 1] and _is_filler(tokens[mention.end : mentions[place + 1].start])
        return following if is_joined else []
    if _is_prefixed(mentions) or not following or _is_cut(mention, mentions[following[0]], tokens):
        return _years_before(mentions, place)
    return following


def _is_prefixed(mentions: Sequence[TimeMention]) -> bool:
    """Whether the first year stands right before a part of it."""
    if len(mentions) < 2 or not mentions[0].years or mentions[1].years:
        return False
    return mentions[1].start == mentions[0].end


def _is_cut(one: TimeMention, other: TimeMention, tokens: Sequence[Token]) -> bool:
    """Whether an exclusion stands between the two."""
    between = tokens[min(one.end, other.end) : max(one.start, other.start)]
    return any(token.kind in {Kind.EXCLUDE, Kind.NOT} for token in between)


def _is_filler(between: Sequence[Token]) -> bool:
    return all(token.kind is Kind.FILLER for token in between)


def _years_after(mentions: Sequence[TimeMention], place: int) -> list[int]:
    """Places of the years that follow the run of parts that this one is in."""
    start = place + 1
    while start < len(mentions) and not mentions[start].years:
        start += 1
    end = start
    while end < len(mentions) and mentions[end].years:
        end += 1
    return list(range(start, end))


def _years_before(mentions: Sequence[TimeMention], place: int) -> list[int]:
    earlier = place
    while earlier > 0 and not mentions[earlier - 1].years:
        earlier -= 1
    start = earlier
    while start > 0 and mentions[start - 1].years:
        start -= 1
    return list(range(start, earlier))


def _resolve(mention: TimeMention, found: Sequence[TimeMention], reference: Months = ()) -> TimeMention:
    """The mention with its months."""
    if mention.window:
        return _counted(mention, found, reference)
    years = mention.years or ((_latest_year(mention),) if mention.is_latest else _YEARS)
    is_any = not mention.years and not mention.is_latest
    begun = (_YEARS[0] - 1, *years) if mention.crosses_years and is_any else years
    months = (month for year in begun for month in months_in(mention, year))
    return replace(mention, months=tuple(sorted(set(months))), years=years)


def _latest_year(mention: TimeMention) -> int:
    """The last year in which all of its months are in the data."""
    return next((year for year in reversed(_YEARS) if set(months_in(mention, year)) <= set(ALL)), _YEARS[-1])


def _counted(mention: TimeMention, found: Sequence[TimeMention], given: Months) -> TimeMention:
    """The months of a window, and how it was read."""
    size = SIZES[mention.unit] * mention.number
    within = months_of("year", 1, mention.years[0]) if mention.years else ALL
    months = within[:size] if mention.window is Kind.EARLY else within[-size:]
    if mention.window is Kind.WHOLE_YEAR and given:
        months = months_of("year", 1, int(given[-1][:4]))
    elif mention.window is Kind.NEXT:
        months = shift(ALL[-size:], size)
    elif mention.window is Kind.RECENT and not mention.years and (reference := _reference(mention, found, given)):
        months = shift(reference[:size], -size)
    whole = [unit for unit in SIZES if set(months) == set(_unit_around(unit, months))]
    return replace(mention, months=months, unit=whole[0] if whole else mention.unit)


def _unit_around(unit: Unit, months: Months) -> Months:
    """The unit that the first month is in: of the last three months the last quarter, if they are one."""
    year, month = int(months[0][:4]), int(months[0][5:])
    return months_of(unit, (month - 1) // SIZES[unit] + 1, year)


def _reference(mention: TimeMention, found: Sequence[TimeMention], given: Months) -> Months:
    """What a `last` unit comes before: one of the same size that the question names, or what was given."""
    alike = [one for one in found if one.unit == mention.unit]
    others = [one for one in alike if one.window is not Kind.RECENT or (mention.precedes and not one.precedes)]
    is_within = len(given) <= SIZES[mention.unit] * mention.number
    return min((_resolve(one, ()).months for one in others), default=given if is_within else ())


def note_on(mention: TimeMention, tokens: Sequence[Token]) -> str:
    """How a window or a season was read."""
    if mention.window is None and not mention.is_season and not mention.is_latest:
        return ""
    words = " ".join(token.text for token in tokens[mention.start : mention.end])
    return f"“{words}” is read as {names_of(mention.months)}; the data run from {name_of(ALL)}."


def _unit(name: str) -> Unit:
    return next(unit for unit in SIZES if unit == name)
