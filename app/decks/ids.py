"""Ids of elements in a slide, and where its scripts and references mention them."""

from __future__ import annotations

import re
from collections.abc import Collection

from bs4 import Tag

_REFERENCES = ("href", "xlink:href", "for", "fill", "stroke", "clip-path", "mask", "filter", "aria-labelledby")


def mentions(script: str, slide: Tag) -> bool:
    """Whether a script speaks of an element of the slide by its id: `"chart"` or `#chart`."""
    return any(_mention(name).search(script) for name in _names(slide))


def rename(slide: Tag, *, taken: Collection[str]) -> None:
    """Give the slide and all in it ids of their own, and say so wherever the slide itself mentions them."""
    new = {name: free(f"{name}-copy", taken) for name in _names(slide)}
    for tag in slide.find_all(id=True):
        tag["id"] = new[str(tag["id"])]
    slide["id"] = new[str(slide["id"])]
    for script in slide.find_all(["script", "style"]):
        script.string = _renamed(script.get_text(), new)
    for tag in slide.find_all(True):
        for attribute in _REFERENCES:
            if tag.get(attribute):
                tag[attribute] = _renamed(str(tag[attribute]), new)


def free(wanted: str, taken: Collection[str]) -> str:
    """The name itself, or with the first number that makes it nobody else's."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _names(slide: Tag) -> list[str]:
    return [str(slide["id"]), *(str(tag["id"]) for tag in slide.find_all(id=True))]


def _mention(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=['\"`#]){re.escape(name)}(?![\w-])")


def _renamed(text: str, new: dict[str, str]) -> str:
    for old, name in new.items():
        text = _mention(old).sub(name, text)
    return text
