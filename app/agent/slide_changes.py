"""Changes to slides that need no data: titles, charts, order, fewer of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.agent.existing import Existing, ExistingSlide
from app.agent.replies import Answer, unable
from app.agent.wishes import Copy, Fewer, Rearrange, Redraw, Remove, Rename
from app.decks import edit
from app.questions.named import Named, name_parts
from app.questions.query import PARTS
from app.questions.tokenise import tokenise

_WORTH = {"summary": 0, "cover": 1}


def rename(wish: Rename, deck: Existing) -> Answer:
    """Give a slide or the deck another title."""
    if wish.number is None:
        return Answer(f"The deck is now called “{wish.title}”.", deck.with_title(wish.title))
    if missing := deck.missing(wish.number):
        return unable(missing)
    slides = [slide.html for slide in deck.slides]
    slides[wish.number - 1] = deck.slides[wish.number - 1].renamed(wish.title)
    return Answer(f"Slide {wish.number} is now called “{wish.title}”.", deck.with_slides(slides))


def redraw(wish: Redraw, deck: Existing) -> Answer:
    """Draw the chart of one slide, or of all, in another way."""
    if wish.number is not None and (missing := deck.missing(wish.number)):
        return unable(missing)
    meant = [slide for place, slide in enumerate(deck.slides, 1) if slide.finding and wish.number in (None, place)]
    if not meant:
        return unable("I can't: there is no chart of mine there.")
    slides = [slide.drawn_as(wish.kind) if slide in meant else slide.html for slide in deck.slides]
    one, many = (f"a {wish.kind} chart", f"{wish.kind} charts") if wish.kind else ("another chart", "other charts")
    words = f"Slide {wish.number} shows {one} now." if wish.number else f"The slides show {many} now."
    return Answer(words.replace("a area", "an area"), deck.with_slides(slides))


def shorten(wish: Fewer, deck: Existing) -> Answer:
    """Leave out the summary first, then the cover, then the last findings."""
    wanted = len(deck.slides) - 1 if wish.slides is None else wish.slides
    if not 1 <= wanted < len(deck.slides):
        return unable(f"I can't make {wanted} slides out of {len(deck.slides)}.")
    least_wanted = sorted(range(len(deck.slides)), key=lambda place: (_WORTH.get(deck.slides[place].kind, 2), -place))
    dropped = {place + 1 for place in least_wanted[: len(deck.slides) - wanted]}
    return Answer(f"I left out {len(dropped)}; the deck has {wanted} now.", _without(deck, dropped))


def remove(wish: Remove, deck: Existing) -> Answer:
    """Take out slides by number, or the one that is about something."""
    numbers = wish.numbers or _about(wish.about, deck)
    if not numbers:
        return unable(f"No slide is about “{wish.about}”.")
    if wish.about and len(numbers) > 1:
        listed = ", ".join(map(str, numbers))
        return unable(f"More than one slide is about “{wish.about}”: {listed}. Say which by its number.")
    if missing := next(filter(None, map(deck.missing, numbers)), None):
        return unable(missing)
    if len(numbers) == len(deck.slides):
        return unable("I can't remove all slides: a deck has at least one.")
    gone = [deck.slides[number - 1].title or "without a title" for number in numbers]
    words = "; ".join(f"slide {number} ({title})" for number, title in zip(numbers, gone, strict=True))
    return Answer(f"Removed: {words}.", _without(deck, set(numbers)))


def rearrange(wish: Rearrange, deck: Existing) -> Answer:
    """Put the slides into another order."""
    return Answer(wish.words, edit.reorder(deck.html, [number - 1 for number in wish.order]))


def copy(wish: Copy, deck: Existing, max_slides: int) -> Answer:
    """Put a copy of a slide behind it."""
    if missing := deck.missing(wish.number):
        return unable(missing)
    if len(deck.slides) >= max_slides:
        return unable(f"I can't add to {len(deck.slides)} slides: {max_slides} at most.")
    return Answer(f"Slide {wish.number} is there twice now.", edit.duplicate(deck.html, wish.number - 1))


def _without(deck: Existing, numbers: set[int]) -> str:
    """The deck without these slides; a summary that stays sums up what is left."""
    kept = [slide for number, slide in enumerate(deck.slides, 1) if number not in numbers]
    has_summary = any(slide.kind == "summary" for slide in kept)
    findings_left = any(slide.kind == "finding" for number, slide in enumerate(deck.slides, 1) if number in numbers)
    if not (has_summary and findings_left):
        return deck.with_slides([slide.html for slide in kept])
    return deck.with_slides([slide.html for slide in kept if slide.kind != "summary"], summary=True)


def _about(words: str, deck: Existing) -> tuple[int, ...]:
    """The numbers of the slides that a few words describe: by their kind, by what they show, or by their heading."""
    named = name_parts(tokenise(words))
    places = list(enumerate(deck.slides, 1))
    plain = words.lower().strip(" \"'“”")
    by_kind = [
        number
        for number, slide in places
        if slide.kind in _WORTH and slide.kind in plain.replace("title page", "cover")
    ]
    by_topic = [number for number, slide in places if slide.finding and named.weight and _shows(slide, named)]
    by_words = [number for number, slide in places if plain and plain in slide.title.lower()]
    return tuple(by_kind or by_topic or by_words)


def _shows(slide: ExistingSlide, named: Named) -> bool:
    """Whether a slide's question holds all that is named."""
    if slide.finding is None or named.left_out:
        return False
    query = slide.finding.asked
    members: Sequence[bool] = [
        set(named.members[part].names) <= set(query.members(part).names) and not query.members(part).excluded
        for part in PARTS
        if named.members[part].names
    ]
    times = {month for time in named.times for month in time.months}
    return (
        all(members)
        and all(split.dimension in query.split for split in named.splits)
        and all(measure == query.measure for measure in named.measures)
        and (not times or times == set(query.months))
    )
