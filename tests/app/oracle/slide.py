"""One slide as its reader sees it, beside the figures that are right for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape

from tests.app.oracle.figures import MONTH_NAMES, PRODUCTS, REGIONS, TIMES, Question, Rows, parse, rows, span_months

Points = dict[str, float]


@dataclass(frozen=True)
class Slide:
    """A slide that shows a finding: its heading, its remarks, the marks of its chart, and the query it answers."""

    html: str

    @cached_property
    def words(self) -> str:
        """The query, as the slide holds it."""
        return unescape(self._attribute("data-query"))

    @cached_property
    def question(self) -> Question:
        """The query, taken apart."""
        return parse(self.words)

    @cached_property
    def heading(self) -> str:
        """The title."""
        return self._texts("h2")[0]

    @cached_property
    def remarks(self) -> list[str]:
        """The sentences beside the chart."""
        return self._texts("li")

    @cached_property
    def marks(self) -> list[str]:
        """What each mark of the chart says it shows."""
        return self._texts("title")

    @cached_property
    def chart(self) -> str:
        """What the chart says it shows."""
        return unescape(self._attribute("aria-label"))

    @cached_property
    def raw_rows(self) -> Rows:
        """The rows that the slide holds."""
        header, *lines = unescape(self._attribute("data-rows")).strip().splitlines()
        assert header.split(",")[:-1] == list(self.question.split), (header, self.words)
        held = {}
        for line in lines:
            *labels, value = line.split(",")
            held[tuple(_readable(label, self.question) for label in labels)] = float(value)
        return held

    @cached_property
    def share_of(self) -> str:
        """The part whose named members have the share that is told."""
        named = [one for one in self.question.split if one in self.question.chosen]
        return named[-1] if named and "share" in self.question.ops else ""

    @cached_property
    def scopes(self) -> list[str]:
        """The ends that a title may have: all of the words that limit the figures, or some of them."""
        plain = self.words.removesuffix("".join(f", {op}" for op in self.question.ops))
        by = f" by {' and '.join(self.question.split)}" if self.question.split else ""
        limits = plain.removeprefix(f"{self.question.measure}{by}")
        pieces = re.findall(r" together$| (?:in|from|except|for) .+?(?= (?:in|from|except|for) | together$|$)", limits)
        pieces += [one.replace(" in ", " for ") for one in pieces if re.match(r" in (?:North|South|East|West)", one)]
        chosen = [[one for place, one in enumerate(pieces) if mask >> place & 1] for mask in range(2 ** len(pieces))]
        whole = " from Jan 2023 to Dec 2024"
        return sorted({"".join(one) for one in chosen} | {f"{whole}{''.join(one)}" for one in chosen}, key=len)[::-1]

    @cached_property
    def asked(self) -> Question:
        """What the data had to be asked: the whole of a share, and the other months of one that stands out."""
        question = self.question
        if self.share_of:
            whole = frozenset(REGIONS if self.share_of == "region" else PRODUCTS)
            return _with(question, {f"{self.share_of}s": whole})
        months = question.months
        if "outliers" in question.ops and len(months) <= 2 and len({month[5:] for month in months}) == 1:
            return _with(question, {"months": parse("revenue").months})
        return question

    @cached_property
    def right(self) -> Rows:
        """The right figures."""
        return rows(self.asked)

    @cached_property
    def points(self) -> Points:
        """The same with one name for each."""
        return {self.name(labels): value for labels, value in self.right.items()}

    def name(self, labels: tuple[str, ...]) -> str:
        """`Espresso in North`, `East in Nov 2024`."""
        named = sorted(
            zip(self.question.split, labels, strict=True), key=lambda one: (one[0] in TIMES, one[0] != "product")
        )
        joint = " " if all(one in TIMES for one in self.question.split) else " in "
        return joint.join(label for _, label in named)

    def along(self, dimension: str) -> dict[str, Points]:
        """For each label of the other dimension, its figures along this one, in the order of time."""
        at = self.question.split.index(dimension)
        lines: dict[str, Points] = {}
        for labels, value in sorted(self.right.items(), key=lambda one: time_of(one[0][at])):
            other = next((label for place, label in enumerate(labels) if place != at), "")
            lines.setdefault(other, {})[labels[at]] = value
        return lines

    @property
    def times(self) -> list[str]:
        """The dimensions of time."""
        return [one for one in self.question.split if one in TIMES]

    def _attribute(self, name: str) -> str:
        match = re.search(rf'{name}="([^"]*)"', self.html)
        assert match, f"no {name} in {self.html[:200]}"
        return match[1]

    def _texts(self, tag: str) -> list[str]:
        return [unescape(text) for text in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", self.html, re.DOTALL)]


def time_of(label: str) -> tuple[str, ...]:
    """Something to sort times by; other labels stay as they are."""
    if label in MONTH_NAMES:
        return (f"{MONTH_NAMES.index(label):02d}",)
    if re.fullmatch(r"[QH][1-4]", label):
        return (label,)
    return tuple(span_months(label)[:1]) if re.search(r"(?:19|20)\d\d$", label) else ("",)


def _readable(cell: str, question: Question) -> str:
    if re.fullmatch(r"\d{4}-\d\d", cell):
        return f"{MONTH_NAMES[int(cell[5:]) - 1]} {cell[:4]}"
    if re.fullmatch(r"\d{4} [QH]\d", cell):
        return f"{cell[5:]} {cell[:4]}"
    return MONTH_NAMES[int(cell) - 1] if re.fullmatch(r"[01]\d", cell) and "month" in question.split else cell


def _with(question: Question, changes: dict[str, frozenset[str]]) -> Question:
    return Question(**{**question.__dict__, **changes})
