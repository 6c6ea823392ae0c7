"""The rule-based model's answer to one message, over the bundled data: what is said, asked and drawn."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from app.agent.plan import Answer, Asked, next_step
from app.data.bundled import answer_question
from app.data.sql import UnknownMeasureError
from tests.app.oracle.slide import Slide


@dataclass(frozen=True)
class Told:
    """The words, the document if there is one, and what the data were asked."""

    words: str
    document: str
    asked: tuple[str, ...]

    @property
    def findings(self) -> list[Slide]:
        """The slides that show findings."""
        parts = re.split(r'(?=<div class="slide")', self.document)[1:]
        return [Slide(part) for part in parts if 'data-kind="finding"' in part]

    @property
    def queries(self) -> list[str]:
        """The queries of these slides."""
        return [slide.words for slide in self.findings]


def tell(message: str, deck: str = "", most: int = 10) -> Told:
    """Let the model plan, and the data answer, until there is nothing more to ask."""
    asked: list[Asked] = []
    while not isinstance(step := next_step(message, most, asked, deck), Answer):
        asked += [_ask(query) for query in step.queries]
    return Told(step.words, step.document, tuple(one.query for one in asked))


def _ask(query: str) -> Asked:
    try:
        message, rows = answer_question(query)
    except UnknownMeasureError as error:
        return Asked(query, str(error), failed=True)
    return Asked(query, json.dumps({"message": message, "rows": rows}))
