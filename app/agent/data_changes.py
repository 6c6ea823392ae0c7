"""Changes to a deck that need the data: slides that are added, and slides that are asked anew. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.agent.charts import ChartKind, kind_named
from app.agent.document import cover_slide, finding_slide
from app.agent.existing import Existing, retitled
from app.agent.finding import Finding
from app.agent.replies import Answer, AskData, unable
from app.agent.table import Table
from app.agent.wishes import More, Refine, SlideAbout
from app.questions.months import ALL
from app.questions.query import PARTS, Dimension, Query
from app.questions.reading import Reading, read
from app.questions.refine import joins_comparison, refine

Found = Sequence[tuple[Table | None, str]]
"""What the data answered: rows if there are any, and their words."""
_DIMENSIONS: tuple[Dimension, ...] = ("region", "product", "month", "quarter")
_MEASURES = ("profit", "profit margin", "units", "return rate", "cost", "revenue")


@dataclass(frozen=True)
class _Plan:
    """The queries for which slides are to be made; a problem instead, if there can be none."""

    queries: tuple[Query, ...] = ()
    notes: tuple[str, ...] = ()
    chart: ChartKind | None = None
    answers: int = 1
    """How many of the queries are what was asked; the others are what else the deck showed."""
    problem: str = ""


def change_with_data(
    wish: SlideAbout | More | Refine, deck: Existing, max_slides: int, found: Found
) -> AskData | Answer:
    """Ask what the wish needs, then change the deck."""
    plan = _refinement(wish, deck) if isinstance(wish, Refine) else _addition(wish, deck, max_slides)
    if plan.problem:
        return unable(plan.problem)
    if not found:
        return AskData(tuple(query.for_rows().in_words() for query in plan.queries))
    answered = list(zip(plan.queries, found, strict=False))
    findings = [Finding(query, table) for query, (table, _) in answered if table]
    missing = [
        f"The data had no answer for “{query.in_words()}”: {said}" for query, (table, said) in answered if not table
    ]
    if not findings:
        return unable(missing[0])
    notes = (*plan.notes, *missing)
    return (
        _ask_anew(wish, deck, findings, plan, notes)
        if isinstance(wish, Refine)
        else _extend(deck, findings, plan, notes)
    )


def _addition(wish: SlideAbout | More, deck: Existing, max_slides: int) -> _Plan:
    room = max_slides - len(deck.slides)
    if room < 1:
        return _Plan(problem=f"I can't add to {len(deck.slides)} slides: {max_slides} at most.")
    if isinstance(wish, SlideAbout):
        return _topic(wish.topic, deck, room)
    if deck.about is None:
        return _Plan(problem="I can't: no slide of this deck shows data that I asked for.")
    queries = tuple(
        query for _, query in zip(range(min(wish.slides, room)), _ideas(deck, deck.about.asked), strict=False)
    )
    short = wish.slides - len(queries)
    notes = (f"{short} fewer than you wanted: {max_slides} slides at most.",) if queries and short > 0 else ()
    return _Plan(queries, notes, problem="" if queries else "I have no more to show of this.")


def _topic(topic: str, deck: Existing, room: int) -> _Plan:
    """A slide about something, for the part of the data that the deck is about."""
    reading = refine(deck.about.asked, topic) if deck.about else read(topic)
    if reading.refusal:
        return _Plan(problem=f"I can't answer that: {reading.refusal}")
    surplus = tuple(f"No slide was left for {query.in_words()}." for query in reading.queries[room:])
    return _Plan(reading.queries[:room], (*reading.remarks, *surplus), kind_named(reading.chart))


def _ideas(deck: Existing, about: Query) -> Iterator[Query]:
    """What else could be asked about the same part of the data."""
    shown = {slide.query for slide in deck.slides}
    plain = replace(about, focus="", ranking=None, threshold=None)
    for measure in dict.fromkeys((about.measure, *_MEASURES)):
        for dimension in _DIMENSIONS:
            idea = replace(plain, measure=measure, split=(dimension,))
            is_fixed = dimension in PARTS and len(about.members(dimension).those_in(dimension)) == 1
            is_moment = dimension not in PARTS and len(about.months or ALL) <= (1 if dimension == "month" else 3)
            if not is_fixed and not is_moment and idea.in_words() not in shown:
                yield idea


def _refinement(wish: Refine, deck: Existing) -> _Plan:
    """Every slide's own question, or that of one slide, changed in the same way."""
    if wish.number is not None and (missing := deck.missing(wish.number)):
        return _Plan(problem=missing)
    slides = [slide for number, slide in enumerate(deck.slides, 1) if wish.number in (None, number) and slide.finding]
    readings = [_refined(slide.finding.asked, wish) for slide in slides if slide.finding]
    kept = [reading for reading in readings if not reading.refusal]
    if not kept:
        refused = next(
            (f"I can't answer that: {reading.refusal}" for reading in readings), "I did not ask for that slide."
        )
        return _Plan(problem=refused)
    wanted = kept[0].queries
    room = 1 if wish.number is not None else max(len(slides), len(wanted))
    queries = tuple(dict.fromkeys((*wanted, *(query for reading in kept for query in reading.queries))))[:room]
    if {query.in_words() for query in queries} <= {slide.query for slide in slides}:
        return _Plan(problem=" ".join(["That is what the deck shows already.", *kept[0].remarks]))
    surplus = (f"No slide was left for {query.in_words()}." for query in wanted[room:])
    return _Plan(queries, (*kept[0].remarks, *surplus), answers=min(room, len(wanted)))


def _refined(query: Query, wish: Refine) -> Reading:
    adds = wish.adds or (wish.joins and joins_comparison(query, wish.words))
    return refine(query, wish.words, adds=adds, given_up=wish.given_up)


def _extend(deck: Existing, found: Sequence[Finding], plan: _Plan, notes: Sequence[str]) -> Answer:
    added = [finding_slide(finding, plan.chart) for finding in found]
    titles = "; ".join(finding.title for finding in found)
    words = " ".join([f"Added: {titles}.", *notes])
    return Answer(words, deck.with_slides([*deck.without_summary, *added], summary=deck.has_summary))


def _ask_anew(wish: Refine, deck: Existing, found: Sequence[Finding], plan: _Plan, notes: Sequence[str]) -> Answer:
    """New findings in place of the old ones; what a person wrote stays behind them."""
    words = " ".join([*(f"{one.topic}: {one.title}." for one in found[: plan.answers]), *notes])
    if wish.number is not None:
        slides = [
            finding_slide(found[0]) if number == wish.number else slide.html
            for number, slide in enumerate(deck.slides, 1)
            if slide.kind != "summary" or number == wish.number
        ]
        return Answer(words, deck.with_slides(slides, summary=deck.has_summary))
    others = [slide.html for slide in deck.slides if not slide.finding and slide.kind not in ("summary", "cover")]
    has_cover = any(slide.kind == "cover" for slide in deck.slides)
    cover = [cover_slide(wish.words, found[0], notes)] if has_cover else []
    document = deck.with_slides([*cover, *map(finding_slide, found), *others], summary=deck.has_summary)
    return Answer(words, retitled(document, found[0].title))
