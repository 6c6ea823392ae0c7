"""What the rule-based model does next: ask the data, or answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.agent.document import Finding, write
from app.agent.existing import Existing
from app.agent.followups import read_follow_up
from app.agent.revise import Answer, AskData, revise, unable
from app.agent.series import Series
from app.data.vocabulary import MEASURES, Dimension, Reading, read

__all__ = ["Answer", "AskData", "Asked", "next_step"]


@dataclass(frozen=True)
class Asked:
    """A question that was put to the data, and what came back: JSON with message and rows, or an error in words."""

    query: str
    came_back: str
    failed: bool = False


def next_step(question: str, max_slides: int, asked: Sequence[Asked], deck: str = "") -> AskData | Answer:
    """Decide from the person's question, everything asked for it so far, and the deck that is there."""
    existing = Existing.of(deck)
    wish = read_follow_up(question, len(existing.slides)) if existing else None
    findings = [finding for one in asked if (finding := _finding(one))]
    if asked and not findings:
        return Answer(_nothing_found(asked, "The deck is unchanged." if existing else "No deck was made."))
    if existing and wish:
        return revise(wish, existing, max_slides, findings or None)
    return _dig_or_answer(question, max_slides, asked, findings) if findings else _open(question, existing)


def _open(question: str, existing: Existing | None) -> AskData | Answer:
    wanted = read(question)
    if wanted.understood:
        return AskData((wanted.in_words(),))
    reason = "I can't answer that: I am a rule-based model over one small data set, not a language model."
    if existing:
        return unable(reason)
    known = f"Ask about {', '.join(sorted(MEASURES))} by region, product, month, quarter or year."
    return Answer(f"{reason} {known} No deck was made.")


def _dig_or_answer(
    question: str, max_slides: int, asked: Sequence[Asked], findings: Sequence[Finding]
) -> AskData | Answer:
    more = _dig(read(asked[0].query), findings[0].series)[: max_slides - 1] if len(asked) == 1 else []
    if more:
        return AskData(tuple(reading.in_words() for reading in more))
    document = write(question, findings, max_slides)
    sources = "one answer" if len(findings) == 1 else f"{len(findings)} answers"
    return Answer(f"{findings[0].title}. The deck rests on {sources} from the data.", document)


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


def _nothing_found(asked: Sequence[Asked], outcome: str) -> str:
    last = asked[-1]
    said = last.came_back if last.failed else json.loads(last.came_back)["message"]
    return f"The data had no answer for “{last.query}”: {said} {outcome}"
