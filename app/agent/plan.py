"""What the rule-based model does next: ask the data, or answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.agent.charts import kind_named
from app.agent.document import write
from app.agent.drill_down import drill_down
from app.agent.existing import Existing
from app.agent.finding import Finding
from app.agent.followups import read_follow_up
from app.agent.replies import Answer, AskData, unable
from app.agent.revise import revise
from app.agent.table import Table
from app.agent.wishes import NewQuestion
from app.questions.query import Query
from app.questions.reading import HELP, Reading, read

__all__ = ["Answer", "AskData", "Asked", "next_step"]


@dataclass(frozen=True)
class Asked:
    """A question that was put to the data, and what came back: JSON with message and rows, or an error in words."""

    query: str
    came_back: str
    failed: bool = False

    @property
    def table(self) -> Table | None:
        """The rows, if it has any that can be read."""
        return None if self.failed else Table.from_csv(json.loads(self.came_back)["rows"])

    @property
    def message(self) -> str:
        """What the data said, without their SQL."""
        said = self.came_back if self.failed else str(json.loads(self.came_back)["message"])
        return said.partition(" Statement: ")[0].rstrip(".") + "."


def next_step(question: str, max_slides: int, asked: Sequence[Asked], deck: str = "") -> AskData | Answer:
    """Decide from the person's question, everything asked for it so far, and the deck that is there."""
    existing = Existing.from_html(deck)
    if existing is None:
        return _answer(question, max_slides, asked, None)
    wish = read_follow_up(question, existing)
    if isinstance(wish, NewQuestion):
        return _answer(question, max_slides, asked, existing)
    return revise(wish, existing, max_slides, [(one.table, one.message) for one in asked])


def _answer(question: str, max_slides: int, asked: Sequence[Asked], existing: Existing | None) -> AskData | Answer:
    """A new deck: what was asked for first, then what is behind it."""
    about = existing.about if existing else None
    reading = read(question, about.asked.measure if about else "")
    if reading.refusal:
        refusal = f"I can't answer that: {reading.refusal}"
        return unable(refusal, HELP) if existing else Answer(f"{refusal} No deck was made.\n\n{HELP}")
    max_slides = min(max_slides, reading.slides or max_slides)
    wanted = reading.queries[:max_slides]
    if not asked:
        return AskData((wanted[0].for_rows().in_words(),))
    first = asked[0].table
    queries = [*wanted, *(drill_down(wanted, first) if first else [])][:max_slides]
    if len(asked) < len(queries):
        return AskData(tuple(query.for_rows().in_words() for query in queries[1:]))
    outcome = "The deck is unchanged." if existing else "No deck was made."
    return _conclude(question, max_slides, reading, list(zip(queries, asked, strict=False)), outcome)


def _conclude(
    question: str, max_slides: int, reading: Reading, answered: Sequence[tuple[Query, Asked]], outcome: str
) -> Answer:
    findings = [Finding(query, one.table) for query, one in answered if one.table]
    missing = [f"The data had no answer for “{one.query}”: {one.message}" for _, one in answered if not one.table]
    if not findings:
        hints = [HELP] if any(one.failed for _, one in answered) else []
        return Answer("\n\n".join([f"{missing[0]} {outcome}", *hints]))
    surplus = [f"No slide was left for {query.in_words()}." for query in reading.queries[max_slides:]]
    notes = [*reading.remarks, *missing, *surplus]
    document = write(question, findings, max_slides, notes=notes, kind=kind_named(reading.chart))
    titles = [f"{finding.title}." for finding in findings[: len(reading.queries)]]
    sources = "one answer" if len(findings) == 1 else f"{len(findings)} answers"
    return Answer(" ".join([*titles, *notes, f"The deck rests on {sources} from the data."]), document)
