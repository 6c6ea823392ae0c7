"""A question in plain English is read: queries, what was taken for granted, what was left out; or a refusal. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.questions.compose import compose, months_named
from app.questions.measures import MEASURES
from app.questions.months import ALL, SIZES, name_of
from app.questions.named import Named, name_parts
from app.questions.query import MEMBERS, PARTS, Query
from app.questions.times import note_on
from app.questions.tokenise import tokenise
from app.questions.tokens import Kind, Token

NOT_WHY = "The data say what and where, not why."
_SLIDES = re.compile(
    r"\b(?:(?:in|on|with|at most|up to|no more than|max(?:imum)?)\s+)*(\d{1,2}|one|two|three|four|five)\s+slides?\b",
    re.IGNORECASE,
)
_SECOND_QUESTION = re.compile(r",?\s+(?:and|&)\s+(?:also\s+)?(?=(?:which|what|how|who|where|when)\b)", re.IGNORECASE)
_SECOND_TOPIC = re.compile(r",?\s+(?:and|&)\s+(?=(?:\w+\s){1,3}(?:by|per)\b)", re.IGNORECASE)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SENTENCE_END = re.compile(r"[.?!;]+(?=\s|$)|\n+")
HELP = (
    f"I read plain English questions about {', '.join(sorted(MEASURES))}, by region ({', '.join(MEMBERS['region'])}), "
    f"product ({', '.join(MEMBERS['product'])}), month, quarter, half, year or season, from {name_of(ALL[:1])} to "
    f"{name_of(ALL[-1:])}: compared, ranked, as growth, shares, averages, medians or outliers."
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
    without = _SLIDES.sub(" ", question)
    parts = [tokens for part in _SENTENCE_END.split(without) for tokens in _questions(part, default_measure)]
    sentences = _in_context([tokens for tokens in parts if _says_something(tokens)])
    readings = [_read_sentence(tokens, default_measure) for tokens in sentences]
    if not readings:
        return Reading(refusal="There is no question in that that I could read.")
    refused = next((reading for reading in readings if reading.refusal), None)
    return refused or Reading(
        queries=tuple(dict.fromkeys(query for reading in readings for query in reading.queries)),
        left_out=tuple(dict.fromkeys(word for reading in readings for word in reading.left_out)),
        notes=tuple(dict.fromkeys(note for reading in readings for note in reading.notes)),
        chart=next((reading.chart for reading in readings if reading.chart), ""),
        slides=max(1, _NUMBERS.get(limit[1].lower()) or int(limit[1])) if limit else None,
    )


def _questions(sentence: str, default_measure: str) -> list[tuple[Token, ...]]:
    """Two questions in one sentence are read apart; the second is about the first one's part of the data.

    `revenue by region and which product has the best margin`, but not `revenue by region and how many units`; and
    `revenue by region and units by product`, but not `revenue and units by product`.
    """
    asked = _joint(sentence)
    if len(asked) < 2:
        return [tokenise(sentence)]
    about = compose(asked[0], default_measure).queries[0]
    second = asked[1]
    what = "" if second.measures or second.unknown_measure else f" {about.measure}"
    when = about.when() if not (second.times or second.excluded_times) else ""
    where = about.where() if not any(members.names for members in second.members.values()) else ""
    return [asked[0].tokens, (*second.tokens, *tokenise(what + when + where))]


def _joint(sentence: str) -> list[Named]:
    """The two questions in a sentence; none where it is one."""
    for pattern, needs_measure in ((_SECOND_QUESTION, False), (_SECOND_TOPIC, True)):
        asked = [name_parts(tokenise(part)) for part in pattern.split(sentence, maxsplit=1)]
        is_whole = all(one.splits or one.ends for one in asked) and bool(asked[0].measures)
        if len(asked) > 1 and is_whole and (asked[1].measures or not needs_measure):
            return asked
    return []


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


def refuse(named: Named, *, is_fragment: bool = False) -> str:
    """Why no query can answer this; empty if one can. A fragment adds to a question and needs no measure."""
    unknown = [f"“{word}”" for word in named.left_out]
    if named.has(Kind.FUTURE, Kind.NEXT):
        return f"The data end with {name_of(ALL[-1:])}, and I do not look ahead."
    if named.has(Kind.ADVICE) and not named.measures:
        return "I show what the figures are; I do not advise what should be done."
    if split := _unknown_split(named):
        finest = " The finest time is the month." if split.lower() in {"week", "day", "date", "hour"} else ""
        return f"The data are not split by “{split}”.{finest}"
    if named.ends and not named.splits and (ranked := _unknown(named)):
        return f"I do not know {', '.join(ranked)}."
    if idle := [word for word in named.left_out if _is_negation(named, word)]:
        return f"I do not know what “{idle[0]}” leaves out: I can leave out regions, products and times."
    if chosen := _chosen_by_limit(named):
        return f"I can't choose {chosen} by their figures and show something else: ask for the {chosen} first."
    if empty := _empty(named):
        return empty
    if named.has(Kind.WHY) and not named.weight:
        return NOT_WHY
    known = named.measures or named.unknown_measure or is_fragment
    if named.has(Kind.OVERVIEW) and not unknown:
        return ""
    if not named.weight or (unknown and not known) or (len(unknown) >= named.weight > 0 and not named.unknown_measure):
        return f"I do not know {', '.join(unknown)}." if unknown else "I do not know what is asked."
    return ""


def _unknown_split(named: Named) -> str:
    """A word that we do not know, where a dimension would stand: `by customer`, `which customers`."""
    tokens = named.tokens
    asked = [token.text for before, token in pairwise(tokens) if token.kind is Kind.UNKNOWN and _asks_which(before)]
    if asked:
        return asked[0]
    for place, token in enumerate(tokens[:-1]):
        following = next((one for one in tokens[place + 1 :] if one.kind not in {Kind.FILLER, Kind.EACH}), None)
        if token.kind is Kind.BY and following and following.kind is Kind.UNKNOWN:
            return following.text
    return ""


def _asks_which(token: Token) -> bool:
    return token.text.lower() in {"which", "each", "every"}


def _unknown(named: Named) -> list[str]:
    return [f"“{token.text}”" for token in named.tokens if token.kind is Kind.UNKNOWN]


def _chosen_by_limit(named: Named) -> str:
    """`revenue by region for products over 1000`: what is to be chosen, where the figures are split by another part."""
    bounds = [place for place, token in enumerate(named.tokens) if token.kind in {Kind.ABOVE, Kind.BELOW}]
    limited = [split.place for split in named.splits if split.plural and split.place + 1 in bounds]
    chosen = [place for place in limited if "for" in {token.text.lower() for token in named.tokens[place - 2 : place]}]
    return named.tokens[chosen[0]].text if named.threshold and len(named.splits) > 1 and chosen else ""


def _is_negation(named: Named, word: str) -> bool:
    return any(token.text == word and token.kind in {Kind.NOT, Kind.EXCLUDE} for token in named.tokens)


def _empty(named: Named) -> str:
    """What is left of the data, if that is nothing."""
    for part in PARTS:
        members = named.members[part]
        if members.names and not members.those_in(part):
            return f"No {part} is left."
    if (named.times or named.excluded_times) and not months_named(named):
        return "No month is left."
    return ""


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
