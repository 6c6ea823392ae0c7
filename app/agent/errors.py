"""What can go wrong with a model that answers over the network."""

from __future__ import annotations

from langchain_core.messages import AIMessage
from typing_extensions import Self

# What the field's APIs say of an answer that the model itself has ended; all else was ended for it.
_WHOLE = ("stop", "tool_calls", "function_call", "end_turn", "tool_use")


class ModelError(Exception):
    """The model did not answer; the message says which, what was seen, and what to do."""

    @classmethod
    def failed_midway(cls, reason: str) -> Self:
        """The endpoint says so in the stream of its answer."""
        return cls(f"it failed in the middle of its answer: {reason}.")


class IncompleteAnswerError(ModelError):
    """The model's answer stopped before its end."""

    @classmethod
    def broke_off(cls) -> Self:
        """Nothing says why there is no more of it."""
        return cls("its answer broke off in the middle.")


def require_whole(answer: AIMessage) -> None:
    """Raise `IncompleteAnswerError` where the model says that it was stopped."""
    reason = answer.response_metadata.get("finish_reason")
    if reason == "length":
        raise IncompleteAnswerError("its answer was cut at the most tokens allowed. Ask for fewer slides.")
    if reason and reason not in _WHOLE:
        raise IncompleteAnswerError(f"its answer was stopped ({reason}).")
