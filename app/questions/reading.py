"""A question in plain English is read: queries, what was taken for granted, what was left out; or a refusal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.questions.alternatives import alternatives
from app.questions.compose import compose
from app.questions.measures import MEASURES
from app.questions.months import ALL, SIZES, name_of
from app.questions.named import Named, name_parts
from app.questions.query import MEMBERS, Query
from app.questions.refusals import NOT_WHY, refuse
from app.questions.times import note_on
from app.questions.tokenise import tokenise
from app.questions.tokens import Kind, Token

_SLIDES = re.compile(
    r"\b(?:(?:in|on|with|at most|up to|no more than|max(?:imum)?)\s+)*(\d{1,2}|one|two|three|four|five)\s+slides?\b",
    re.IGNORECASE,
)
_SECOND_QUESTION = re.compile(r",?\s+(?:and|&)\s+(?:also\s+)?(?=(?:which|what|how|who|where|when)\b)", re.IGNORECASE)
_SECOND_TOPIC = re.compile(r"(?:,?\s+(?:and then|then|and|&)|,)\s+(?=(?:\w+\s){1,3}(?:by|per)\b)", re.IGNORECASE)
_SECOND_SPLIT = re.compile(r",?\s+(?:and|&)\s+(?=(?:by|per)\s+\w+\s+(?:for|in|of)\b)", re.IGNORECASE)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SENTENCE_END = re.compile(r"[.?!;]+(?=\s|$)|\n+")
_JOINING = (
    "and|as|between|by|during|except|excluding|for|from|in|of|or|over|per|since|than|to|until|versus|vs|with|without"
)
_ABBREVIATED = re.compile(r"\b(vs|incl|excl|approx|avg|max|min|rev|qty|prod)\.(?=\s+\S)", re.IGNORECASE)
_LIST_MARK = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+", re.MULTILINE)
_BROKEN_LINE = re.compile(rf"\s*\n\s*(?=(?:{_JOINING})\b)|(?<=\b(?:by|in|of|or|to))\s*\n\s*", re.IGNORECASE)
"""Within a sentence, as editors and mail programs break them."""
HELP = (
    f"I read plain English questions about {', '.join(sorted(MEASURES))}, by region ({', '.join(MEMBERS['region'])}), "
    f"product ({', '.join(MEMBERS['product'])}), month, quarter, half, year or season, from {name_of(ALL[:1])} to "
    f"{name_of(ALL[-1:])}: compared, ranked, as growth, running totals, shares, averages, medians or outliers."
)
"""What can be asked."""


@dataclass(frozen=True)
class Reading:
    """A question, read. With a refusal there are no queries."""

    queries: tuple[Query, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""
    chart: str = ""
    slides: int | None = None
    """How many slides are wanted, if it says so."""

    @property
    def remarks(self) -> list[str]:
        """What the person must know of how the question was read."""
        left_out = [f"I left out: {', '.join(self.left_out)}."] if self.left_out else []
        return [*left_out, *self.notes]


def read(question: str, default_measure: str = "") -> Reading:
    """Read a question; its sentences are read one by one, and each adds to the answer."""
    limit = _SLIDES.search(question)
    plain = _ABBREVIATED.sub(r"\1", _LIST_MARK.sub("", question))
    without = _BROKEN_LINE.sub(" ", _SLIDES.sub(" ", plain))
    parts = [tokens for part in _SENTENCE_END.split(without) for tokens in _questions(part, default_measure)]
    whole = _in_context([tokens for tokens in parts if _says_something(tokens)])
    sentences = [question for tokens in whole for question in alternatives(tokens)]
    readings = list(_read_each(sentences, default_measure))
    if not readings:
        return Reading(refusal="There is no question in that that I could read.")
    slides = max(1, _NUMBERS.get(limit[1].lower()) or int(limit[1])) if limit else None
    return replace(join_readings(readings), slides=slides)


def _read_each(sentences: Sequence[tuple[Token, ...]], default_measure: str) -> Iterator[Reading]:
    """One by one; where one names no measure, that of the one before is meant."""
    for tokens in sentences:
        reading = _read_sentence(tokens, default_measure)
        default_measure = next((query.measure for query in reading.queries[-1:]), default_measure)
        yield reading


def join_readings(readings: Sequence[Reading]) -> Reading:
    """Several readings as one: all of them, or the first refusal."""
    refused = next((reading for reading in readings if reading.refusal), None)
    return refused or Reading(
        queries=tuple(dict.fromkeys(query for reading in readings for query in reading.queries)),
        left_out=tuple(dict.fromkeys(word for reading in readings for word in reading.left_out)),
        notes=tuple(dict.fromkeys(note for reading in readings for note in reading.notes)),
        chart=next((reading.chart for reading in readings if reading.chart), ""),
    )


def _questions(sentence: str, default_measure: str) -> list[tuple[Token, ...]]:
    """Two questions in one sentence are read apart; the second is about the first one's part of the data.

    `revenue by region and which product has the best margin`, but not `revenue by region and how many units`; and
    `revenue by region and units by product`, but not `revenue and units by product`.
    """
    asked = _joint(sentence)
    if len(asked) < 2:
        return [tokenise(sentence)]
    first, second = asked
    about = compose(first, default_measure).queries[0]
    what = "" if second.measures or second.unknown_measure else f" {about.measure}"
    when = about.when() if not (second.times or second.excluded_times) else ""
    where = about.where() if not any(members.names for members in second.members.values()) else ""
    return [(*first.tokens, *_scope_behind(first, second)), (*second.tokens, *tokenise(what + when + where))]


def _scope_behind(first: Named, second: Named) -> tuple[Token, ...]:
    """`revenue by product and profit by region in 2024`: what stands behind both is about both."""
    if not second.measures or first.times or first.excluded_times or any(one.names for one in first.members.values()):
        return ()
    about = compose(second).queries[0]
    return tokenise(about.when() + about.where())


def _joint(sentence: str) -> list[Named]:
    """The two questions in a sentence; none where it is one."""
    for pattern, needs_measure in ((_SECOND_QUESTION, False), (_SECOND_TOPIC, True), (_SECOND_SPLIT, False)):
        asked = [name_parts(tokenise(part)) for part in pattern.split(sentence, maxsplit=1)]
        is_whole = all(one.splits or one.ends for one in asked) and bool(asked[0].measures)
        is_whole = is_whole and (pattern is not _SECOND_SPLIT or _has_scope(asked[0]))
        if len(asked) > 1 and is_whole and (asked[1].measures or not needs_measure):
            return asked
    return []


def _has_scope(named: Named) -> bool:
    return bool(named.times) or any(members.names for members in named.members.values())


def _in_context(sentences: list[tuple[Token, ...]]) -> list[tuple[Token, ...]]:
    """Sentences that only say which part of the data is meant belong to the others: `Only Tea. Revenue by region?`."""
    contexts = [tokens for tokens in sentences if name_parts(tokens).is_context]
    questions = [tokens for tokens in sentences if tokens not in contexts]
    if not contexts or not questions:
        return sentences
    context = [token for tokens in contexts for token in tokens]
    return [(*tokens, *context) for tokens in questions]


def _says_something(tokens: Sequence[Token]) -> bool:
    return any(token.kind is not Kind.FILLER for token in tokens)


def _read_sentence(tokens: tuple[Token, ...], default_measure: str) -> Reading:
    named = name_parts(tokens)
    refusal = refuse(named)
    if refusal:
        return Reading(refusal=refusal)
    composed = compose(named, default_measure)
    left_out = (*named.left_out, *composed.left_out)
    return Reading(composed.queries, left_out, (*composed.notes, *notes_on(named)), chart=named.chart)


def notes_on(named: Named) -> list[str]:
    """How words were read that could be read otherwise, and what the data do not hold."""
    tokens = named.tokens
    typos = [f"I read “{token.text}” as {_meaning(token)}." for token in tokens if token.read_as]
    chosen = [token for token in tokens if token.is_loose and token.value in named.measures]
    loose = [f"I read “{token.text}” as {token.value}." for token in chosen]
    windows = [note for time in (*named.times, *named.excluded_times) if (note := note_on(time, tokens))]
    outside = [time for time in named.times if not set(time.months) & set(ALL)]
    beyond = [f"There are no data for {name_of(time.months)}." for time in outside if len(outside) < len(named.times)]
    counts = [place for place, token in enumerate(tokens[:-1]) if token.kind is Kind.COUNT]
    counted = [_counted(tokens[place + 1], named) for place in counts]
    why = [NOT_WHY] if named.has(Kind.WHY) else []
    return [*typos, *loose, *windows, *beyond, *filter(None, counted), *why]


def _counted(counted: Token, named: Named) -> str:
    """How many there are of a dimension, where that is asked."""
    is_all = not (named.times or named.excluded_times or named.threshold or named.has(Kind.RISE, Kind.FALL))
    size = next((size for unit, size in SIZES.items() if counted.kind is Kind.DIMENSION and unit == counted.value), 0)
    if size and is_all:
        return f"The data hold {len(ALL) // size} {'halve' if counted.value == 'half' else counted.value}s."
    names = next((names for part, names in MEMBERS.items() if part == counted.value), ())
    is_dimension = counted.kind is Kind.DIMENSION and names
    return f"The data hold {len(names)} {counted.value}s: {', '.join(names)}." if is_dimension else ""


def _meaning(token: Token) -> str:
    if token.kind in {Kind.MEASURE, Kind.DIMENSION, Kind.MEMBER}:
        return token.value
    return token.read_as.capitalize() if token.kind is Kind.PART_OF_YEAR else token.read_as
