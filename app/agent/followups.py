"""What a person may want of a deck that is there, and how it is read out of a sentence. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.agent.charts import CHART_KINDS, ChartKind
from app.data.vocabulary import REGIONS, Reading, read

STATED = (
    "fewer slides, or a number of them",
    "more slides",
    "a slide about something in the data",
    "a line, bar or area chart, on one slide or all",
    "another title for slide N",
    "only one region",
)
"""What can be asked for, as the person is told it."""

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"


@dataclass(frozen=True)
class Rename:
    """Give a slide another title; `number` counts from 1, as people do."""

    number: int
    title: str


@dataclass(frozen=True)
class Redraw:
    """Draw a chart in another way; None: whichever comes next, on all slides."""

    kind: ChartKind | None
    number: int | None


@dataclass(frozen=True)
class SlideAbout:
    """Add a slide."""

    topic: Reading


@dataclass(frozen=True)
class Fewer:
    """Leave slides out, down to so many; None: one less."""

    slides: int | None


@dataclass(frozen=True)
class More:
    """Add so many slides, or as many as make `total`."""

    slides: int = 1
    total: int | None = None


@dataclass(frozen=True)
class OnlyRegion:
    """Show one region alone."""

    region: str


FollowUp = Rename | Redraw | SlideAbout | Fewer | More | OnlyRegion


def read_follow_up(sentence: str, slides: int) -> FollowUp | None:
    """Read a wish about a deck of so many slides; None if the sentence is none."""
    return _rename(sentence) or _redraw(sentence) or _about(sentence) or _length(sentence, slides) or _only(sentence)


def _rename(sentence: str) -> Rename | None:
    wish = _find(rf"\b(?:rename|call|title|retitle) (?:the )?slide {_NUMBER} (?:to |as |into )?(.+)", sentence)
    title = wish.group(2).strip(" \"'“”.") if wish else ""
    return Rename(_number(wish.group(1)), title) if wish and title else None


def _redraw(sentence: str) -> Redraw | None:
    wish = _find(rf"\b({'|'.join(CHART_KINDS)}) (?:charts?|graphs?|plots?)\b", sentence)
    kind = next((kind for kind in CHART_KINDS if wish and wish.group(1).lower() == kind), None)
    if not kind and not _find(r"\b(?:another|other|different) (?:kind of |type of )?(?:chart|graph)", sentence):
        return None
    where = _find(rf"\bslide {_NUMBER}\b", sentence)
    return Redraw(kind, _number(where.group(1)) if where else None)


def _about(sentence: str) -> SlideAbout | None:
    wish = _find(r"\bslides? (?:about|on|for|showing|with) (.+)", sentence)
    topic = read(wish.group(1)) if wish else Reading()
    return SlideAbout(topic) if topic.understood else None


def _length(sentence: str, slides: int) -> Fewer | More | None:
    if wish := _find(rf"\b{_NUMBER} (?:more|additional|further) slides?|\badd {_NUMBER} slides?", sentence):
        return More(_number(wish.group(1) or wish.group(2)))
    if _find(r"\b(?:more|additional|further) slides?|\badd (?:a|another) slide|\blonger\b", sentence):
        return More()
    if wish := _find(rf"\b{_NUMBER} slides?\b", sentence):
        wanted = _number(wish.group(1))
        return More(wanted - slides, wanted) if wanted > slides else Fewer(wanted)
    return Fewer(None) if _find(r"\b(?:fewer|less) slides?|\bshorter\b", sentence) else None


def _only(sentence: str) -> OnlyRegion | None:
    wish = _find(rf"\b(?:only|just) (?:show |for |in |the |region )*({'|'.join(REGIONS)})\b", sentence)
    return OnlyRegion(wish.group(1).title()) if wish else None


def _number(word: str) -> int:
    return _NUMBERS.get(word.lower()) or int(word)


def _find(pattern: str, sentence: str) -> re.Match[str] | None:
    return re.search(pattern, sentence, re.IGNORECASE)
