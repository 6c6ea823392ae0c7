"""The deck that is there, as the rule-based model sees it: which slides it can draw anew, and from what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bs4 import BeautifulSoup, Tag

from app.agent.charts import CHART_KINDS, ChartKind, chart, fitting, kind_named
from app.agent.document import summary_slide
from app.agent.finding import Finding
from app.agent.table import Table
from app.decks.document import DeckDocument, heading_of
from app.questions.reading import read


@dataclass(frozen=True)
class ExistingSlide:
    """One slide. Without a finding it is a cover, a summary, or something that a person wrote."""

    html: str
    kind: str
    title: str
    finding: Finding | None = None
    chart: ChartKind | None = None

    @property
    def query(self) -> str:
        """The question that it answers; empty if it answers none."""
        return self.finding.asked.in_words() if self.finding else ""

    def drawn_as(self, kind: ChartKind | None) -> str:
        """The slide with another chart; the kind after its own if none is named. All else on it stays as it is."""
        soup = BeautifulSoup(self.html, "html.parser")
        slide, drawing = soup.find("div"), soup.find("svg")
        if self.finding is None or slide is None or drawing is None:
            return self.html
        own = self.chart or fitting(self.finding.insight.view)
        kind = kind or CHART_KINDS[(CHART_KINDS.index(own) + 1) % len(CHART_KINDS)]
        drawing.replace_with(BeautifulSoup(chart(self.finding.insight.view, kind), "html.parser"))
        slide["data-chart"] = kind
        return str(soup)

    def renamed(self, title: str) -> str:
        """The slide with another heading."""
        soup = BeautifulSoup(self.html, "html.parser")
        heading = soup.find(["h1", "h2", "h3"])
        if heading:
            heading.string = title
        elif slide := soup.find("div"):
            slide.insert(0, BeautifulSoup(f"<h2>{escape(title)}</h2>", "html.parser"))
        return str(soup)


@dataclass(frozen=True)
class Existing:
    """The slides, in their order."""

    html: str
    slides: tuple[ExistingSlide, ...]

    @classmethod
    def from_html(cls, html: str) -> Existing | None:
        """Look at a deck; None where there is none."""
        return cls(html, tuple(map(_read_slide, DeckDocument(html).slides))) if html else None

    @property
    def findings(self) -> list[ExistingSlide]:
        """The slides that show findings."""
        return [slide for slide in self.slides if slide.finding]

    @property
    def without_summary(self) -> list[str]:
        """The HTML of all slides but the summary."""
        return [slide.html for slide in self.slides if slide.kind != "summary"]

    @property
    def has_summary(self) -> bool:
        """Whether there is a summary, to be written anew when the slides change."""
        return any(slide.kind == "summary" for slide in self.slides)

    @property
    def about(self) -> Finding | None:
        """What the deck is about: its first finding."""
        return next((slide.finding for slide in self.slides if slide.finding), None)

    def missing(self, number: int) -> str:
        """Why there is no slide with this number, counted from 1; empty if there is one."""
        return "" if 1 <= number <= len(self.slides) else f"There is no slide {number}."

    def with_title(self, title: str) -> str:
        """The document with another title."""
        return retitled(self.html, title)

    def with_slides(self, slides: Sequence[str], *, summary: bool = False) -> str:
        """The document with these slides in place of its own, and a summary of them if it is to have one."""
        titles = [heading_of(tag) for tag in _tags(slides) if tag.get("data-kind") == "finding"]
        wanted = [*slides, summary_slide(titles)] if summary and len(titles) > 1 else slides
        document = DeckDocument(self.html)
        document.replace_slides(_tags(wanted))
        return str(document)


def retitled(html: str, title: str) -> str:
    """A document with another title."""
    soup = BeautifulSoup(html, "html.parser")
    if soup.title is not None:
        soup.title.string = title
    return str(soup)


def _read_slide(slide: Tag) -> ExistingSlide:
    table = Table.from_csv(str(slide.get("data-rows", "")))
    queries = read(str(slide.get("data-query", ""))).queries
    # What a person has made unreadable is theirs now, and stays as it is.
    finding = Finding(queries[0], table) if table and len(queries) == 1 else None
    kind = kind_named(str(slide.get("data-chart")))
    return ExistingSlide(str(slide), str(slide.get("data-kind", "")), heading_of(slide), finding, kind)


def _tags(slides: Sequence[str]) -> list[Tag]:
    return [tag for html in slides if (tag := BeautifulSoup(html, "html.parser").find("div"))]
