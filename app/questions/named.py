"""What a question names: each word that says something, sorted by what it does. Pure.

Every reader says which tokens it has used; what is used by none and is no filler was left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.questions.counts import find_counts
from app.questions.exclusions import excluded_places
from app.questions.growth_words import averages_growth, denials_of_growth
from app.questions.limits import ENDS, find_limit
from app.questions.measured import find_measures, unknown_measure, with_losses_as_falls
from app.questions.mentions import TimeMention
from app.questions.months import SEASONS, SIZES, Months, Unit
from app.questions.query import DIMENSIONS, MEMBERS, PARTS, Dimension, Members, Threshold, part_of
from app.questions.times import find_times
from app.questions.tokens import EMPTY, Kind, Token

_FLAGS = {
    Kind.RISE,
    Kind.FALL,
    Kind.TREND,
    Kind.SHARE,
    Kind.AVERAGE,
    Kind.RUNNING,
    Kind.OUTLIER,
    Kind.POINTS,
}
_BESIDE = "higher; larger; bigger; stronger; faster; lower; smaller; weaker; slower; better; worse"
_COMPARATIVES = frozenset(_BESIDE.split("; "))


@dataclass(frozen=True)
class Split:
    """A dimension that the figures are to be split by; `each` if it was named as `by`, `per` or `each`."""

    place: int
    dimension: Dimension
    each: bool
    plural: bool


@dataclass(frozen=True)
class Named:
    """A question, sorted."""

    tokens: tuple[Token, ...]
    measures: tuple[str, ...]
    unknown_measure: str
    splits: tuple[Split, ...]
    members: dict[Dimension, Members]
    times: tuple[TimeMention, ...]
    excluded_times: tuple[TimeMention, ...]
    ends: tuple[tuple[int, Kind], ...]
    counts: dict[int, int]
    """How many are ranked, by the places of the ends that say so."""
    threshold: Threshold | None
    used: frozenset[int]

    def has(self, *kinds: Kind) -> bool:
        """Whether there is a word of one of these kinds."""
        return any(token.kind in kinds for token in self.tokens)

    def words(self, *kinds: Kind) -> list[str]:
        """The words of these kinds, as they were typed."""
        return [token.text for token in self.tokens if token.kind in kinds]

    def count(self, *kinds: Kind) -> int:
        """How many are ranked at these ends, or at the first that has a number; 0 where none has."""
        own = [self.counts[place] for place, kind in self.ends if kind in kinds and place in self.counts]
        return next(iter((*own, *self.counts.values())), 0)

    @property
    def left_out(self) -> list[str]:
        """What was asked and is not known."""
        idle = [token for place, token in enumerate(self.tokens) if place not in self.used and token.kind not in EMPTY]
        return list(dict.fromkeys(token.text for token in idle if token.kind is not Kind.WHY))

    @property
    def weight(self) -> int:
        """How many words say something that we know."""
        return len([place for place in self.used if self.tokens[place].kind not in EMPTY])

    @property
    def is_context(self) -> bool:
        """Whether it says which part of the data is meant, and nothing else that we know or do not know."""
        asks = bool(
            self.measures or self.unknown_measure or self.splits or self.ends or self.threshold or self.left_out
        )
        has_scope = any(members.names for members in self.members.values()) or self.times or self.excluded_times
        return bool(has_scope) and not asks and not self.has(*_FLAGS, Kind.COMPARE, Kind.WHY, Kind.ADVICE, Kind.FUTURE)

    @property
    def compared_with(self) -> Dimension | None:
        """The part of which one member is there to compare all others with: `which region sells more than West`."""
        parts = [split.dimension for split in self.splits if split.dimension in PARTS]
        alone = [part for part in parts if len(self.members[part].names) == 1 and not self.members[part].excluded]
        names = [name for part in alone for name in self.members[part].names]
        compared = [
            place for place, token in enumerate(self.tokens) if token.kind is Kind.MEMBER and token.value in names
        ]
        than = {Kind.COMPARE, Kind.ABOVE, Kind.BELOW}
        return alone[0] if any(_kind_before(self.tokens, place) in than for place in compared) else None

    @property
    def compares_groups(self) -> bool:
        """Whether some are to be added up and set against others: `North and South together versus East`."""
        together = [place for place, token in enumerate(self.tokens) if token.kind is Kind.TOGETHER]
        parts = [[place for place, one in enumerate(self.tokens) if self._is_of(part, one)] for part in PARTS]
        beside = [places for places in parts if together and places and places[0] < together[0] < places[-1]]
        return self.has(Kind.COMPARE) and bool(beside)

    def _is_of(self, part: Dimension, token: Token) -> bool:
        return token.kind is Kind.MEMBER and part_of(token.value) == part

    @property
    def is_counted(self) -> bool:
        """Whether it asks how often something was so."""
        return any(token.kind is Kind.COUNT and token.value == "often" for token in self.tokens)

    @property
    def is_per_unit(self) -> bool:
        """`per unit`, and nothing else: of the measure that was spoken of before."""
        words = [token for token in self.tokens if token.kind is not Kind.FILLER]
        return [token.text.lower() for token in words] == ["per", "unit"]

    @property
    def growth_unit(self) -> Unit | None:
        """The unit of time in `year over year`."""
        named = {token.value for token in self.tokens if token.kind is Kind.RISE}
        return next((unit for unit in SIZES if unit in named), None)

    @property
    def averages_growth(self) -> bool:
        """`average monthly growth`, `grew on average`; not `growth of the average price`."""
        return averages_growth(self.tokens)

    @property
    def rises(self) -> bool:
        """Whether growth is named, and not only that it is from one month to the next."""
        return any(token.kind is Kind.RISE and not token.value for token in self.tokens)

    @property
    def denies_growth(self) -> bool:
        """`which regions did not grow`."""
        return bool(denials_of_growth(self.tokens))

    @property
    def chart(self) -> str:
        """The kind of chart that is wanted."""
        return next((token.value for token in self.tokens if token.kind is Kind.CHART), "")


def name_parts(tokens: tuple[Token, ...], reference: Months = ()) -> Named:
    """Sort the words of a question; `reference` is the time that was spoken of before."""
    tokens = with_losses_as_falls(tokens)
    excluded, excluding = excluded_places(tokens)
    times = find_times(tokens, reference)
    in_times = {place for time in times for place in range(time.start, time.end)} | _years(tokens)
    measures, measure_places = find_measures(tokens)
    unknown = unknown_measure(tokens) if not measures else None
    splits, idle = _splits(tokens, in_times)
    counts, counting = find_counts(tokens)
    counting |= _whole_numbers(tokens)
    limit = find_limit(tokens, [split.dimension for split in splits], measures)
    flags = {place for place, token in enumerate(tokens) if token.kind in _FLAGS | ENDS | {Kind.CHART}}
    members = {place for place, token in enumerate(tokens) if token.kind is Kind.MEMBER}
    named_places = {split.place for split in splits} | idle | members | flags | counting | limit.places
    named_places |= _who_of_them(tokens) | denials_of_growth(tokens)
    return Named(
        tokens=tokens,
        measures=measures,
        unknown_measure=tokens[unknown].text.lower() if unknown is not None else "",
        splits=splits,
        members={part: _members(tokens, part, excluded, limit.places) for part in PARTS},
        times=tuple(time for time in times if time.start not in excluded),
        excluded_times=tuple(time for time in times if time.start in excluded),
        ends=tuple(
            (place, token.kind)
            for place, token in enumerate(tokens)
            if token.kind in ENDS and place not in limit.places and not _sets_beside(tokens, place)
        ),
        counts=counts,
        threshold=limit.threshold,
        used=frozenset(named_places | in_times | _openings(tokens, times) | measure_places | excluding)
        | ({unknown} if unknown is not None else set()),
    )


def _sets_beside(tokens: Sequence[Token], place: int) -> bool:
    """`higher in the North than in the South`: no end of an order, but one beside another."""
    return tokens[place].text.lower() in _COMPARATIVES and any(one.text.lower() == "than" for one in tokens[place:])


def _who_of_them(tokens: Sequence[Token]) -> set[int]:
    """`North or South: who made more profit?`: one of those that are named."""
    names = {token.value for token in tokens if token.kind is Kind.MEMBER}
    is_choice = any(len(names & {*MEMBERS[part]}) > 1 for part in PARTS)
    return {place for place, token in enumerate(tokens) if is_choice and token.text.lower() == "who"}


def _years(tokens: Sequence[Token]) -> set[int]:
    return {place for place, token in enumerate(tokens) if token.kind is Kind.YEAR}


def _openings(tokens: Sequence[Token], times: Sequence[TimeMention]) -> set[int]:
    """Words like `since` and `after`, where a time follows them."""
    kinds = {Kind.UNTIL, Kind.AFTER, Kind.BEFORE}
    return {place for place, token in enumerate(tokens) if token.kind in kinds and times}


def _splits(tokens: Sequence[Token], in_times: set[int]) -> tuple[tuple[Split, ...], set[int]]:
    """The dimensions that are named; and the places of those that only say what a name beside them is."""
    splits, idle = list[Split](), set[int]()
    for place, token in enumerate(tokens):
        if token.kind is not Kind.DIMENSION or place in in_times:
            continue
        if _names_its_neighbour(tokens, place):
            idle.add(place)
            continue
        dimension = _dimension(token.value)
        each = _kind_before(tokens, place) in {Kind.BY, Kind.EACH}
        splits.append(Split(place, dimension, each, token.text.lower().endswith("s") and not token.possessive))
    return tuple(splits), idle | {split.place for split in splits}


def _whole_numbers(tokens: Sequence[Token]) -> set[int]:
    """The numbers in `the four regions`: they say what is so."""
    sizes: dict[str, int] = {"season": len(SEASONS), **{part: len(names) for part, names in MEMBERS.items()}}
    pairs = [(place, token, tokens[place + 1]) for place, token in enumerate(tokens[:-1])]
    return {
        place
        for place, token, following in pairs
        if token.kind is Kind.NUMBER and following.kind is Kind.DIMENSION
        if float(token.value) == sizes.get(following.value)
    }


def _names_its_neighbour(tokens: Sequence[Token], place: int) -> bool:
    """`the North region`, `the year 2024`, `months where`; but not `by region`."""
    if _kind_before(tokens, place) in {Kind.BY, Kind.EACH}:
        return False
    if tokens[place].text.lower() == "where" and tokens[max(0, place - 1)].kind is Kind.DIMENSION and place:
        return True
    value, beside = tokens[place].value, [*tokens[max(0, place - 1) : place], *_following(tokens, place)]
    return any(
        (token.kind is Kind.MEMBER and value in PARTS and part_of(token.value) == value)
        or (token.kind is Kind.YEAR and value == "year")
        or (token.kind is Kind.PART_OF_YEAR and token.value.startswith(value))
        for token in beside
    )


def _following(tokens: Sequence[Token], place: int) -> Iterator[Token]:
    """The next token that is no filler."""
    for token in tokens[place + 1 : place + 3]:
        if token.kind is not Kind.FILLER:
            yield token
            return


def _kind_before(tokens: Sequence[Token], place: int) -> Kind | None:
    """The kind of the word before, over fillers and lists: `by region and product` is twice `by`.

    Not over `which`: `for each quarter, which region`.
    """
    for token in reversed(tokens[:place]):
        if token.text.lower() in {"which", "what"}:
            return None
        if token.kind not in {Kind.FILLER, Kind.AND, Kind.DIMENSION}:
            return token.kind
    return None


def _members(tokens: Sequence[Token], part: Dimension, excluded: set[int], limits: frozenset[int]) -> Members:
    """The regions or products that are named, but as a limit. What is left out counts where both are there."""
    named = [place for place, one in enumerate(tokens) if one.kind is Kind.MEMBER and place not in limits]
    places = [place for place in named if part_of(tokens[place].value) == part]
    without = [place for place in places if place in excluded]
    within = tuple(dict.fromkeys(tokens[place].value for place in places if place not in excluded))
    left_out = tuple(dict.fromkeys(tokens[place].value for place in without))
    if wanted := tuple(name for name in within if name not in left_out):
        return Members(wanted)
    return Members(left_out, excluded=bool(left_out))


def _dimension(name: str) -> Dimension:
    return next(dimension for dimension in DIMENSIONS if dimension == name)
