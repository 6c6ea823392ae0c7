"""Why a turn came to nothing, in words for the person and as the status of an HTTP answer."""

from __future__ import annotations

from dataclasses import dataclass

from app.agent.errors import ModelError
from app.decks.document import NotADeckError

OUR_FAULT = "This went wrong on our side. The ids lead to where."
CANCELLED = "The turn was cancelled. The deck is as it was before it."
UNCHANGED = "The deck is as it was before."


class TurnCancelledError(Exception):
    """Somebody asked for the turn's end."""


@dataclass(frozen=True)
class Failure:
    """An HTTP status, and a sentence."""

    status: int
    detail: str


def explain(error: BaseException) -> Failure:
    """Details of a defect stay inside."""
    if isinstance(error, NotADeckError):
        return Failure(502, f"The model's answer is not a deck: {error}. {UNCHANGED}")
    if isinstance(error, ModelError):
        return Failure(502, f"The model could not answer: {error} {UNCHANGED}")
    return Failure(500, OUR_FAULT)
