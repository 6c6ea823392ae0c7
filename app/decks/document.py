"""The HTML document of a deck, as a tree: where its slides are, and what belongs to which of them."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from bs4 import BeautifulSoup, Tag

from app.decks import ids

SLIDE_CLASS = "slide"


class NotADeckError(ValueError):
    """The HTML holds no slide."""


class DeckDocument:
    """A document with at least one element of the class `slide`; slides inside slides belong to the outer one.

    Every slide gets an id, and a script that draws in one slide alone moves into it, so that it goes where the slide
    goes. Raises `NotADeckError`.
    """

    def __init__(self, html: str) -> None:
        self._soup = BeautifulSoup(html, "html.parser")
        if not self.slides:
            raise NotADeckError(f"there is no element of class {SLIDE_CLASS!r} in {len(html)} characters of HTML")
        _name_slides(self.slides)
        _give_scripts_to_slides(self._shared("script"), self.slides)

    def __str__(self) -> str:
        return str(self._soup)

    @property
    def slides(self) -> list[Tag]:
        """The slides in their order. `slide` is a token of the class attribute: `slideshow` is no slide."""
        found = self._soup.find_all(_is_slide)
        return [slide for slide in found if not _inside_a_slide(slide)]

    @property
    def title(self) -> str:
        """The document's title, else the first slide's heading."""
        named = self._soup.title.get_text(" ", strip=True) if self._soup.title else ""
        return named or heading_of(self.slides[0]) or "Untitled deck"

    @property
    def css(self) -> str:
        """The styles that all slides share."""
        return "\n".join(style.get_text() for style in self._shared("style")).strip()

    @property
    def external_scripts(self) -> tuple[str, ...]:
        """The addresses of scripts outside the slides."""
        return tuple(str(script["src"]) for script in self._shared("script") if script.get("src"))

    @property
    def scripts(self) -> str:
        """The scripts in place that no slide has to itself."""
        return "\n".join(script.get_text() for script in self._shared("script") if not script.get("src")).strip()

    def reorder_slides(self, slides: list[Tag]) -> None:
        """Let these stand where the slides stand now, in this order."""
        stand_ins = [self._soup.new_tag("div") for _ in slides]
        for old, stand_in in zip(self.slides, stand_ins, strict=True):
            old.replace_with(stand_in)
        for stand_in, new in zip(stand_ins, slides, strict=True):
            stand_in.replace_with(new)

    def replace_slides(self, slides: list[Tag]) -> None:
        """Let these slides stand in place of all those there are, one after another where the first one stands."""
        first, *others = self.slides
        for slide in slides:
            first.insert_before(slide, "\n")
        for old in (first, *others):
            old.decompose()

    def copy_of(self, slide: Tag) -> Tag:
        """A copy whose ids, and its scripts' mentions of them, are its own."""
        twin = copy.copy(slide)
        ids.rename(twin, taken={str(tag["id"]) for tag in self._soup.find_all(id=True)})
        return twin

    def _shared(self, name: str) -> list[Tag]:
        return [found for found in self._soup.find_all(name) if not _inside_a_slide(found)]


def heading_of(slide: Tag) -> str:
    """The words of the slide's first heading."""
    found = slide.find(["h1", "h2", "h3"])
    return found.get_text(" ", strip=True) if found else ""


def _is_slide(element: Tag) -> bool:
    """A page whose body has the class is a page of slides all the same."""
    return SLIDE_CLASS in (element.get_attribute_list("class")) and element.name not in ("html", "body")


def _inside_a_slide(element: Tag) -> bool:
    return element.find_parent(_is_slide) is not None


def _name_slides(slides: Iterable[Tag]) -> None:
    taken: set[str] = set()
    for number, slide in enumerate(slides, start=1):
        wanted = str(slide.get("id") or f"slide-{number}")
        slide["id"] = ids.free(wanted, taken)
        taken.add(str(slide["id"]))


def _give_scripts_to_slides(scripts: Iterable[Tag], slides: list[Tag]) -> None:
    for script in scripts:
        owners = [slide for slide in slides if not script.get("src") and ids.mentions(script.get_text(), slide)]
        if len(owners) == 1:
            owners[0].append(script.extract())
