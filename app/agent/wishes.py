"""What a person may want of a deck that is there."""

from __future__ import annotations

from dataclasses import dataclass

from app.agent.charts import ChartKind


@dataclass(frozen=True)
class Rename:
    """Give a slide another title; `number` counts from 1, as people do; None: the deck."""

    number: int | None
    title: str


@dataclass(frozen=True)
class Redraw:
    """Draw a chart in another way; None: whichever comes next, on all slides."""

    kind: ChartKind | None
    number: int | None


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
class Remove:
    """Take out slides by their numbers, or the one that is about something."""

    numbers: tuple[int, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Rearrange:
    """Put the slides into this order, given as the numbers that they have now."""

    order: tuple[int, ...]
    words: str


@dataclass(frozen=True)
class Copy:
    """Put a copy of a slide behind it."""

    number: int


@dataclass(frozen=True)
class SlideAbout:
    """Add a slide."""

    topic: str


@dataclass(frozen=True)
class Refine:
    """Ask again what one slide, or each, answers, with some of it changed.

    `adds`: beside what was asked. `joins`: beside it, where that is a comparison of the same kind. `given_up`: the
    region or product whose place the words take.
    """

    words: str
    adds: bool = False
    number: int | None = None
    given_up: str = ""
    joins: bool = False


@dataclass(frozen=True)
class Nothing:
    """Leave the deck as it is."""


@dataclass(frozen=True)
class Impossible:
    """Something that cannot be done, and why."""

    reason: str


@dataclass(frozen=True)
class NewQuestion:
    """Make a new deck."""


FollowUp = (
    Rename
    | Redraw
    | Fewer
    | More
    | Remove
    | Rearrange
    | Copy
    | SlideAbout
    | Refine
    | Nothing
    | Impossible
    | NewQuestion
)
STATED = (
    "fewer slides, or a number of them",
    "more slides",
    "a slide about something in the data",
    "slides removed, moved, swapped or copied by their numbers",
    "a line, bar or area chart, on one slide or all",
    "another title for slide N",
    "the same for other regions, products, times or measures",
)
"""What can be asked for, as the person is told it."""
