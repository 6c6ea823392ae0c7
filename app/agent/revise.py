"""What the rule-based model makes of a wish about the deck that is there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.agent.document import Finding, finding_slide
from app.agent.existing import Existing
from app.agent.followups import STATED, Fewer, FollowUp, More, OnlyRegion, Redraw, Rename, SlideAbout
from app.data.vocabulary import Dimension, Reading

_DIMENSIONS: tuple[Dimension, ...] = ("region", "product", "month", "quarter")
_MEASURES = ("profit", "profit margin", "units", "return rate", "cost", "revenue")


@dataclass(frozen=True)
class AskData:
    """Put these questions to the data, side by side."""

    queries: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Say this to the person; `document` is the deck, if there is one."""

    words: str
    document: str = ""


def unable(reason: str) -> Answer:
    """Say what cannot be done, and what can."""
    return Answer(f"{reason} The deck is unchanged. You can ask for {'; '.join(STATED)}; or ask a new question.")


def revise(wish: FollowUp, deck: Existing, max_slides: int, found: Sequence[Finding] | None) -> AskData | Answer:
    """Change the deck; `found` is what the data answered, None as long as they were not asked."""
    if isinstance(wish, Rename):
        return _rename(wish, deck)
    if isinstance(wish, Redraw):
        return _redraw(wish, deck)
    if isinstance(wish, Fewer):
        return _shorten(wish, deck)
    if found is None:
        return _ask(wish, deck, max_slides)
    return _narrow(wish, deck, found) if isinstance(wish, OnlyRegion) else _extend(deck, found)


def _rename(wish: Rename, deck: Existing) -> Answer:
    if (problem := _no_slide(wish.number, deck)) is not None:
        return problem
    slides = [slide.html for slide in deck.slides]
    slides[wish.number - 1] = deck.slides[wish.number - 1].renamed(wish.title)
    return Answer(f"Slide {wish.number} is now called “{wish.title}”.", deck.with_slides(slides))


def _redraw(wish: Redraw, deck: Existing) -> Answer:
    if wish.number is not None and (problem := _no_slide(wish.number, deck)) is not None:
        return problem
    meant = [slide for place, slide in enumerate(deck.slides, 1) if slide.finding and wish.number in (None, place)]
    if not meant:
        return unable("I can't: there is no chart of mine there.")
    slides = [slide.drawn_as(wish.kind) if slide in meant else slide.html for slide in deck.slides]
    shown = f"{wish.kind} charts" if wish.kind else "charts of another kind"
    where = f"Slide {wish.number} shows" if wish.number else "The slides show"
    return Answer(f"{where} {shown} now.", deck.with_slides(slides))


def _shorten(wish: Fewer, deck: Existing) -> Answer:
    wanted = len(deck.slides) - 1 if wish.slides is None else wish.slides
    if not 1 <= wanted < len(deck.slides):
        return unable(f"I can't make {wanted} slides out of {len(deck.slides)}.")
    least_wanted = sorted(range(len(deck.slides)), key=lambda place: (_worth(deck, place), -place))
    dropped = set(least_wanted[: len(deck.slides) - wanted])
    slides = [slide.html for place, slide in enumerate(deck.slides) if place not in dropped]
    return Answer(f"I left out {len(dropped)}; the deck has {wanted} now.", deck.with_slides(slides))


def _worth(deck: Existing, place: int) -> int:
    return ("summary", "cover").index(kind) if (kind := deck.slides[place].kind) in ("summary", "cover") else 2


def _ask(wish: SlideAbout | More | OnlyRegion, deck: Existing, max_slides: int) -> AskData | Answer:
    if isinstance(wish, SlideAbout):
        return AskData((wish.topic.in_words(),))
    if not deck.findings:
        return unable("I can't: no slide of this deck shows data that I asked for.")
    if isinstance(wish, OnlyRegion):
        return AskData(tuple(dict.fromkeys(_in_region(slide.finding, wish.region) for slide in deck.findings)))
    room = min(wish.slides, max_slides - len(deck.slides))
    queries = tuple(query for _, query in zip(range(room), _ideas(deck), strict=False))
    return AskData(queries) if queries else unable(f"I can't add to {len(deck.slides)} slides: {max_slides} at most.")


def _in_region(finding: Finding | None, region: str) -> str:
    asked = finding.asked if finding else Reading()
    dimension: Dimension | None = "product" if asked.dimension == "region" else asked.dimension
    return replace(asked, dimension=dimension, filters={**asked.filters, "region": region}).in_words()


def _ideas(deck: Existing) -> Iterator[str]:
    """What else could be asked about the same part of the data."""
    shown = {slide.query for slide in deck.findings}
    about = next(slide.finding.asked for slide in deck.findings if slide.finding)
    for measure in dict.fromkeys((about.measure or "revenue", *_MEASURES)):
        for dimension in _DIMENSIONS:
            idea = replace(about, measure=measure, dimension=dimension)
            if dimension not in about.filters and idea.in_words() not in shown:
                yield idea.in_words()


def _extend(deck: Existing, found: Sequence[Finding]) -> Answer:
    added = [finding_slide(finding) for finding in found]
    words = "; ".join(finding.title for finding in found)
    return Answer(f"Added: {words}.", deck.with_slides([*deck.without_summary, *added], summary=deck.has_summary))


def _narrow(wish: OnlyRegion, deck: Existing, found: Sequence[Finding]) -> Answer:
    others = [slide.html for slide in deck.slides if not slide.finding and slide.kind not in ("summary", "cover")]
    slides = [*(finding_slide(finding) for finding in found), *others]
    return Answer(f"Only {wish.region}: {found[0].title}.", deck.with_slides(slides, summary=deck.has_summary))


def _no_slide(number: int, deck: Existing) -> Answer | None:
    return None if 1 <= number <= len(deck.slides) else unable(f"There is no slide {number}.")
