"""Changes to a deck: a document goes in, the changed document comes out. Pure.

Each raises `DeckEditError` for what cannot be done, and `NoSuchSlideError` for a slide that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from bs4 import Tag

from app.decks.document import DeckDocument, NotADeckError


class DeckEditError(ValueError):
    """The change would not leave a deck."""


class NoSuchSlideError(LookupError):
    """The deck has no slide at this place."""


def reorder(html: str, new_order: Sequence[int]) -> str:
    """Put the slides into this order, given as the places that they have now."""
    document = DeckDocument(html)
    slides = document.slides
    if sorted(new_order) != list(range(len(slides))):
        raise DeckEditError(
            f"new_order is {list(new_order)}; expected each of 0 to {len(slides) - 1} once, in the order wanted"
        )
    document.reorder_slides([slides[place] for place in new_order])
    return str(document)


def replace(html: str, place: int, slide_html: str) -> str:
    """Put other HTML in the place of a slide, which keeps its id: it is still the same slide."""
    document = DeckDocument(html)
    old, new = _slide(document, place), _only_slide(slide_html)
    new["id"] = old["id"]
    old.replace_with(new)
    return str(document)


def duplicate(html: str, place: int) -> str:
    """Put a copy of a slide right behind it."""
    document = DeckDocument(html)
    slide = _slide(document, place)
    slide.insert_after("\n", document.copy_of(slide))
    return str(document)


def delete(html: str, place: int) -> str:
    """Take a slide out. The last one stays: a deck without slides is none."""
    document = DeckDocument(html)
    slide = _slide(document, place)
    if len(document.slides) == 1:
        raise DeckEditError("this is the only slide; a deck has at least one")
    slide.decompose()
    return str(document)


def _slide(document: DeckDocument, place: int) -> Tag:
    slides = document.slides
    if not 0 <= place < len(slides):
        raise NoSuchSlideError(f"There is no slide {place}: the deck has {len(slides)}, counted from 0.")
    return slides[place]


def _only_slide(html: str) -> Tag:
    try:
        slides = DeckDocument(html).slides
    except NotADeckError as error:
        raise DeckEditError(f"html is not a slide: {error}") from None
    if len(slides) > 1:
        raise DeckEditError(f"html holds {len(slides)} slides; expected one")
    slide: Tag = slides[0].extract()
    return slide
