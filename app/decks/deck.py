"""A deck of slides, parsed out of the HTML that the agent wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.decks.document import DeckDocument, NotADeckError, heading_of

_DOCUMENT = re.compile(r"<!doctype html|<html\b", re.IGNORECASE)


@dataclass(frozen=True)
class Slide:
    """One slide: its place, counted from 0, a name that stays with it, and its HTML."""

    index: int
    slide_id: str
    html: str


@dataclass(frozen=True)
class Deck:
    """The slides, and what they share: styles, scripts by address and scripts in place."""

    title: str
    css: str
    external_scripts: tuple[str, ...]
    scripts: str
    slides: tuple[Slide, ...]
    html: str
    """The whole document."""


def parse(html: str) -> Deck:
    """Take a document apart. Raises `NotADeckError` when it holds no slide."""
    document = DeckDocument(html)
    return Deck(
        title=document.title,
        css=document.css,
        external_scripts=document.external_scripts,
        scripts=document.scripts,
        slides=tuple(Slide(index, str(slide["id"]), str(slide)) for index, slide in enumerate(document.slides)),
        html=str(document),
    )


def parse_answer(html: str) -> Deck:
    """Take a document apart that a model wrote. Raises `NotADeckError` also when it stops before its end."""
    if not html.rstrip().lower().endswith("</html>"):
        raise NotADeckError(f"it stops before </html>, after {len(html)} characters")
    return parse(html)


def split_answer(text: str) -> tuple[str, str]:
    """Part what the model says to the person from the HTML document that follows, if one does."""
    found = _DOCUMENT.search(text)
    if not found:
        return text, ""
    return text[: found.start()].rstrip().removesuffix("```html").strip(), _unfenced(text[found.start() :])


def heading(html: str) -> str:
    """The words of a slide's first heading."""
    return heading_of(DeckDocument(html).slides[0])


def _unfenced(document: str) -> str:
    """Language models like to put HTML between fences, and a word of their own after it."""
    end = document.lower().rfind("</html>")
    return document if end < 0 else document[: end + len("</html>")]
