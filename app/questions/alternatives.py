"""Questions that one sentence holds side by side, each about a part of its own. Pure.

- `Espresso in North and Filter in South`, `best month in 2023 and best month in 2024`: the words follow a pattern that
  repeats; what stands before it and behind it belongs to each.
- `H2 vs H1`, `growth from Q1 to Q4`: parts of a year are told apart, and no year or each is named: each for itself.
- `average revenue in H1 vs H2 2024`: the average of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from app.questions.limits import ENDS
from app.questions.measures import measure_named
from app.questions.mentions import TimeMention
from app.questions.months import ALL, SIZES
from app.questions.query import part_of
from app.questions.times import find_times
from app.questions.tokens import Kind, Token

Tokens = tuple[Token, ...]
_PASSED_OVER = {Kind.FILLER, Kind.AND, Kind.COMPARE, Kind.ABOVE, Kind.BELOW, Kind.EXCLUDE, Kind.NOT, Kind.NUMBER}
"""What may stand between the words of a pattern."""
_COMPARING = {Kind.COMPARE, Kind.ABOVE, Kind.BELOW}
"""What sets one question beside another, and says nothing in one alone."""
_NOT_EACH = {Kind.TOGETHER, Kind.EXCLUDE, Kind.NOT, Kind.RISE, Kind.FALL, Kind.ABOVE, Kind.BELOW, Kind.SHARE}
"""What is said of all of them, or of one beside another."""
# Whoever sends more has not asked several questions, and looking for them would take seconds.
_MOST_WORDS = 100
_YEARS = tuple(sorted({month[:4] for month in ALL}))
_SHORTEST, _LONGEST = 2, 4


@dataclass(frozen=True)
class _Group:
    """Words of one role that stand together: the names of regions, of products, of times."""

    role: str
    start: int
    end: int
    values: frozenset[str]


def alternatives(tokens: Tokens) -> list[Tokens]:
    """The questions; the one that it is where it does not hold several."""
    if len(tokens) > _MOST_WORDS:
        return [tokens]
    questions = [question for one in apart(tokens) or [tokens] for question in for_each_year(one)]
    return [each for one in questions for each in _averages_of_each(one)]


def apart(tokens: Tokens) -> list[Tokens]:
    """One question for each repetition of a pattern; none where there is no pattern."""
    groups = _groups(tokens) if len(tokens) <= _MOST_WORDS else []
    for length in range(_LONGEST, _SHORTEST - 1, -1):
        for start in range(len(groups) - 2 * length + 1):
            repeated = _repeated(groups[start:], length)
            if len(repeated) > 1 and _asks_apart(repeated) and _is_joined(tokens, repeated):
                others = {group.role for group in (*groups[:start], *groups[start + length * len(repeated) :])}
                if not others & {group.role for group in repeated[0]}:
                    return list(_questions(tokens, repeated))
    return []


def _groups(tokens: Tokens) -> list[_Group]:
    """The words that have a role in a pattern, in their order; neighbours of one role are one group."""
    times = find_times(tokens)
    measures = {token.value for token in tokens if token.kind is Kind.MEASURE}
    in_times = {place for time in times for place in range(time.start, time.end)}
    named = [_Group("time", time.start, time.end, frozenset(time.months)) for time in times]
    for place, token in enumerate(tokens):
        role = "" if place in in_times else _role(token, has_measures=len(measures) > 1)
        if role:
            # `3 best months` begins with its number.
            is_counted = token.kind in ENDS and place and tokens[place - 1].kind is Kind.NUMBER
            named.append(_Group(role, place - bool(is_counted), place + 1, frozenset({token.value})))
    runs = [list(run) for _, run in groupby(sorted(named, key=lambda one: one.start), key=lambda one: one.role)]
    return [_Group(run[0].role, run[0].start, run[-1].end, _all_values(run)) for run in runs]


def _all_values(run: Sequence[_Group]) -> frozenset[str]:
    return frozenset(value for group in run for value in group.values)


def _role(token: Token, *, has_measures: bool) -> str:
    """What a word does in a pattern; the one measure that there is belongs to all of it."""
    if token.kind is Kind.MEMBER:
        return part_of(token.value)
    if token.kind in ENDS:
        return "end"
    if token.kind is Kind.DIMENSION:
        return "dimension"
    return "measure" if token.kind is Kind.MEASURE and has_measures and not token.is_loose else ""


def _repeated(groups: Sequence[_Group], length: int) -> list[list[_Group]]:
    """The repetitions of the first so many roles, as far as they go."""
    pieces = [list(groups[at : at + length]) for at in range(0, len(groups) - length + 1, length)]
    pattern = [group.role for group in pieces[0]]
    same = [[group.role for group in piece] == pattern for piece in pieces]
    return pieces[: [*same, False].index(False)] if len(set(pattern)) == length else []


def _asks_apart(repeated: Sequence[Sequence[_Group]]) -> bool:
    """Whether one query cannot mean the same: what is ranked stands there again, or two things differ at once."""
    roles = [group.role for group in repeated[0]]
    differing = [roles[at] for at in range(len(roles)) if len({piece[at].values for piece in repeated}) > 1]
    if "end" in roles:
        return "dimension" in roles and bool(differing) and differing != ["end"]
    return "dimension" not in roles and len(differing) > 1


def _is_joined(tokens: Tokens, repeated: Sequence[Sequence[_Group]]) -> bool:
    """Whether nothing stands between the words of the pattern that would make another sentence of them."""
    groups = [group for piece in repeated for group in piece]
    inside = set(range(groups[0].start, groups[-1].end))
    between = [tokens[place] for place in inside - {at for group in groups for at in range(group.start, group.end)}]
    is_nested = "end" in {group.role for group in groups} and _is_within(tokens, repeated)
    return not is_nested and all(token.kind in _PASSED_OVER or token.kind is Kind.MEASURE for token in between)


def _is_within(tokens: Tokens, repeated: Sequence[Sequence[_Group]]) -> bool:
    """`worst product in the worst region`: one of the other's."""
    starts = [(piece[-1].end, following[0].start) for piece, following in pairwise(repeated)]
    return any({"in", "of", "for", "within"} & {one.text.lower() for one in tokens[end:start]} for end, start in starts)


def _questions(tokens: Tokens, repeated: Sequence[Sequence[_Group]]) -> Iterator[Tokens]:
    """Each repetition, between what stands before the first and behind the last."""
    starts, end = [piece[0].start for piece in repeated], repeated[-1][-1].end
    for first, last in zip(starts, [*starts[1:], end], strict=True):
        own = (*tokens[: starts[0]], *tokens[first:last], *_years_elsewhere(tokens, first, last), *tokens[end:])
        yield tuple(token for token in own if token.kind not in _COMPARING)


def _years_elsewhere(tokens: Tokens, first: int, last: int) -> Iterator[Token]:
    """`Q1` of `in Q1 and in Q2 2024` is that of 2024: the years that another repetition names for this one."""
    has_own = any(token.kind is Kind.YEAR for token in tokens[first:last])
    named = [token for token in tokens[last:] if token.kind is Kind.YEAR and not has_own]
    years = {str(year) for time in find_times(tokens) if first <= time.start < last for year in time.years}
    yield from (token for token in named if years < {*_YEARS} and token.value in years)


def for_each_year(tokens: Tokens) -> list[Tokens]:
    """The question for each year, where parts of a year are told apart and no year is named."""
    times = find_times(tokens)
    if not _tells_parts_of_years_apart(tokens, times):
        return [tokens]
    end = max(time.end for time in times if not time.precedes)
    before, behind = (_without_years(part) for part in (tokens[:end], tokens[end:]))
    return [(*before, Token(year, Kind.YEAR, year), *behind) for year in _YEARS]


def _averages_of_each(tokens: Tokens) -> list[Tokens]:
    """`average revenue in H1 vs H2 2024`: the average of each, of units that are finer."""
    times = find_times(tokens)
    if not _averages_times_apart(tokens, times):
        return [tokens]
    inside = {place for time in times for place in range(time.start, time.end)}
    rest = [(place, token) for place, token in enumerate(tokens) if place not in inside]
    before = tuple(token for place, token in rest if place < times[0].start)
    behind = tuple(token for place, token in rest if place > times[0].start and token.kind not in _COMPARING)
    return [(*before, *_named_again(time, tokens), *behind) for time in times]


def _averages_times_apart(tokens: Tokens, times: Sequence[TimeMention]) -> bool:
    """Whether averages of what adds up are asked for, in several times that are longer than what they are taken of."""
    kinds = {token.kind for token in tokens}
    ratios = [token for token in tokens if token.kind is Kind.MEASURE and not measure_named(token.value).adds_up]
    if Kind.AVERAGE not in kinds or kinds & _NOT_EACH or ratios or len(times) < 2:
        return False
    if any(time.is_range or time.window or time.is_season or len(time.years) > 1 for time in times):
        return False
    named = [SIZES[unit] for unit in SIZES for one in tokens if (one.kind, one.value) == (Kind.DIMENSION, unit)]
    sizes = {SIZES[time.unit] for time in times}
    return len(sizes) == 1 and min(sizes) > min(named, default=SIZES["month"])


def _named_again(time: TimeMention, tokens: Tokens) -> Tokens:
    """The words of a time, and its year."""
    own = [token for token in tokens[time.start : time.end] if token.kind is not Kind.YEAR]
    return (*own, *(Token(str(year), Kind.YEAR, str(year)) for year in time.years))


def _without_years(tokens: Tokens) -> Tokens:
    """`of 2023 and 2024`, `by year`: that has been done then."""
    return tuple(token for token in tokens if token.kind is not Kind.YEAR and token.value != "year")


def _tells_parts_of_years_apart(tokens: Tokens, named: Sequence[TimeMention]) -> bool:
    """`H2 vs H1`, `in Q1 and Q2`, `growth from Q1 to Q4`; not seasons, which are told by the season."""
    kinds = {token.kind for token in tokens}
    times = [time for time in named if not time.precedes]
    is_placed = any(time.window or time.is_season or time.is_latest or time.unit == "year" for time in times)
    is_of_all = all({*map(str, time.years)} == {*_YEARS} for time in times)
    if is_placed or not is_of_all or kinds & {Kind.EXCLUDE, Kind.NOT, Kind.TOGETHER}:
        return False
    if len(times) == 1 and len(named) > 1:
        return True  # `Q4 compared to the previous quarter`
    if len(times) == 1:
        ends = [token for token in tokens[times[0].start : times[0].end] if token.kind is Kind.PART_OF_YEAR]
        return len(ends) > 1 and bool(kinds & {Kind.RISE, Kind.FALL})
    parts = {(time.unit, time.number) for time in times}
    is_alike = len({unit for unit, _ in parts}) == 1 and not any(time.is_range for time in times)
    return is_alike and 1 < len(parts) == len(times)
