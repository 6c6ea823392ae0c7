"""The conversation with a Genie space that a session has. The model never sees its id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from app.data.errors import GenieError


@dataclass
class Conversation:
    """Its id, empty before the first question; and a lock, for questions of one conversation come one by one.

    `cancelled` is set when nobody waits for answers any more.
    """

    id: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def pause(self, seconds: float) -> None:
        """Wait; raise `GenieError` if the turn ends meanwhile."""
        if self.cancelled.wait(seconds):
            raise GenieError("nobody waits for the answer any more")


_CURRENT: ContextVar[Conversation | None] = ContextVar("conversation", default=None)


@contextmanager
def in_conversation(conversation_id: str) -> Iterator[Conversation]:
    """Let tools that are called inside go on in this conversation; what becomes its id is there afterwards."""
    conversation = Conversation(conversation_id)
    token = _CURRENT.set(conversation)
    try:
        yield conversation
    except BaseException:
        conversation.cancelled.set()
        raise
    finally:
        _CURRENT.reset(token)


def current_conversation() -> Conversation:
    """The conversation that this is in, else a new one."""
    return _CURRENT.get() or Conversation()
