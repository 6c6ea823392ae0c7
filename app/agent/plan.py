"""What the rule-based model does next: ask the data, or answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.agent.document import Finding, write
from app.agent.series import Series
from app.data.vocabulary import MEASURES, Dimension, Reading, read


@dataclass(frozen=True)
class Asked:
    """A question that was put to the data, and what came back: JSON with message and rows, or an error in words."""

    query: str
    came_back: str
    failed: bool = False


@dataclass(frozen=True)
class AskData:
    """Put these questions to the data, side by side."""

    queries: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Say this to the person; `document` is the deck, if there is one."""

    words: str
    document: str = ""


def next_step(question: str, max_slides: int, asked: Sequence[Asked]) -> AskData | Answer:
    """Decide from the person's question and everything asked for it so far."""
    if not asked:
        return _open(question)
    findings = [finding for one in asked if (finding := _finding(one))]
    if not findings:
        return Answer(_nothing_found(asked))
    more = _dig(read(asked[0].query), findings[0].series)[: max_slides - 1] if len(asked) == 1 else []
    if more:
        return AskData(tuple(reading.in_words() for reading in more))
    return _answer(question, max_slides, findings)


def _open(question: str) -> AskData | Answer:
    wanted = read(question)
    if wanted.understood:
        return AskData((wanted.in_words(),))
    return Answer(
        "I can't answer that: I am a rule-based model over one small data set, not a language model. Ask about "
        f"{', '.join(sorted(MEASURES))} by region, product, month, quarter or year. No deck was made."
    )


def _dig(first: Reading, series: Series) -> list[Reading]:
    """What a person would ask next: who is behind a course over time, and what is behind the largest part."""
    if series.is_over_time:
        return [replace(first, dimension=part) for part in _parts() if part not in first.filters]
    course = replace(first, dimension="month")
    inside = [part for part in _parts() if part not in first.filters and part != series.dimension]
    narrowed = {**first.filters, series.dimension: series.largest.label}
    return [course, *(Reading(first.measure, part, narrowed) for part in inside)]


def _parts() -> tuple[Dimension, Dimension]:
    return "region", "product"


def _finding(asked: Asked) -> Finding | None:
    series = None if asked.failed else Series.from_csv(json.loads(asked.came_back)["rows"])
    return Finding(read(asked.query), series) if series else None


def _nothing_found(asked: Sequence[Asked]) -> str:
    last = asked[-1]
    said = last.came_back if last.failed else json.loads(last.came_back)["message"]
    return f"The data had no answer for “{last.query}”: {said} No deck was made."


def _answer(question: str, max_slides: int, findings: Sequence[Finding]) -> Answer:
    document = write(question, findings, max_slides)
    sources = "one answer" if len(findings) == 1 else f"{len(findings)} answers"
    return Answer(f"{findings[0].title}. The deck rests on {sources} from the data.", document)
