"""The conversation with a Genie space that a session has. The model never sees its id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Conversation:
    """Its id, empty before the first question; and a lock, for questions of one conversation come one by one."""

    id: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


_CURRENT: ContextVar[Conversation | None] = ContextVar("conversation", default=None)


@contextmanager
def in_conversation(conversation_id: str) -> Iterator[Conversation]:
    """Let tools that are called inside go on in this conversation; what becomes its id is there afterwards."""
    conversation = Conversation(conversation_id)
    token = _CURRENT.set(conversation)
    try:
        yield conversation
    finally:
        _CURRENT.reset(token)


def current_conversation() -> Conversation:
    """The conversation that this is in, else a new one."""
    return _CURRENT.get() or Conversation()
