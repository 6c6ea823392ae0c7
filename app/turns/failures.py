"""Why a turn came to nothing, in words for the person and as the status of an HTTP answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.agent.errors import ModelError
from app.decks.document import NotADeckError

logger = logging.getLogger("app.turns")

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


def log(error: Exception, what: str) -> None:
    """A defect with its traceback; what is no fault of ours in a sentence."""
    failure = explain(error)
    if failure.detail == OUR_FAULT:
        logger.error("%s failed.", what, exc_info=error)
    else:
        logger.warning("%s failed: %s", what, failure.detail)


def explain(error: BaseException) -> Failure:
    """Details of a defect stay inside."""
    if isinstance(error, NotADeckError):
        return Failure(502, f"The model's answer is not a deck: {error}. {UNCHANGED}")
    if isinstance(error, ModelError):
        return Failure(502, f"The model could not answer: {error} {UNCHANGED}")
    return Failure(500, OUR_FAULT)
