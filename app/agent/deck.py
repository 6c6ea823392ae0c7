"""A deck of slides, parsed out of the HTML that the agent wrote."""

from __future__ import annotations

from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

SLIDE_CLASS = "slide"


class NotADeckError(ValueError):
    """The HTML holds no `div.slide`."""


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


def parse(html: str) -> Deck:
    """Take a document apart. Raises `NotADeckError` when it holds no slide."""
    document = BeautifulSoup(html, "html.parser")
    slides = [element for element in document.find_all("div", class_=SLIDE_CLASS) if not _inside_a_slide(element)]
    if not slides:
        raise NotADeckError(f"The answer holds no <div class={SLIDE_CLASS!r}> in {len(html)} characters of HTML.")
    shared = [script for script in document.find_all("script") if not _inside_a_slide(script)]
    return Deck(
        title=_title(document, slides[0]),
        css="\n".join(style.get_text() for style in document.find_all("style") if not _inside_a_slide(style)).strip(),
        external_scripts=tuple(str(script["src"]) for script in shared if script.get("src")),
        scripts="\n".join(script.get_text() for script in shared if not script.get("src")).strip(),
        slides=tuple(Slide(index, _name(index, slide), str(slide)) for index, slide in enumerate(slides)),
    )


def split_answer(text: str) -> tuple[str, str]:
    """Part what the model says to the person from the HTML document that follows, if one does."""
    start = text.lower().find("<!doctype html")
    return (text, "") if start < 0 else (text[:start].strip(), text[start:])


def heading(html: str) -> str:
    """The words of a slide's first heading."""
    found = BeautifulSoup(html, "html.parser").find(["h1", "h2", "h3"])
    return found.get_text(" ", strip=True) if found else ""


def _inside_a_slide(element: Tag) -> bool:
    return element.find_parent("div", class_=SLIDE_CLASS) is not None


def _title(document: BeautifulSoup, first: Tag) -> str:
    named = document.title or first.find(["h1", "h2", "h3"])
    return named.get_text(" ", strip=True) if named else "Untitled deck"


def _name(index: int, slide: Tag) -> str:
    return str(slide.get("id") or f"slide-{index + 1}")
