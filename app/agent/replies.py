"""What the rule-based model can do next: ask the data, or answer the person."""

from __future__ import annotations

from dataclasses import dataclass

from app.agent.wishes import STATED


@dataclass(frozen=True)
class AskData:
    """Put these questions to the data, side by side."""

    queries: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Say this to the person; `document` is the deck, if there is one."""

    words: str
    document: str = ""


def unable(reason: str, *hints: str) -> Answer:
    """Say what cannot be done to a deck, and what can, in a paragraph each."""
    wishes = f"You can ask for {'; '.join(STATED)}; or ask a new question."
    return Answer("\n\n".join([f"{reason} The deck is unchanged.", *hints, wishes]))
