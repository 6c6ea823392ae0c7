"""The conversations with Genie spaces that a session has. The model never sees their ids."""

from __future__ import annotations

import json
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


class Conversations:
    """Those of a session: one with each Genie space, by the space's name, which is empty where there is only one."""

    def __init__(self, stored: str = "") -> None:
        ids: dict[str, str] = json.loads(stored) if stored.startswith("{") else {"": stored}
        self._cancelled = threading.Event()
        self._by_space = {name: Conversation(id_, cancelled=self._cancelled) for name, id_ in ids.items()}

    def with_space(self, name: str) -> Conversation:
        """The one with this space."""
        return self._by_space.setdefault(name, Conversation(cancelled=self._cancelled))

    def cancel(self) -> None:
        """Nobody waits for answers any more."""
        self._cancelled.set()

    def to_text(self) -> str:
        """Their ids, to be stored: the id alone where there is only one space."""
        ids = {name: one.id for name, one in self._by_space.items() if one.id}
        return json.dumps(ids) if ids.keys() - {""} else ids.get("", "")


_CURRENT: ContextVar[Conversations | None] = ContextVar("conversations", default=None)


@contextmanager
def in_conversations(stored: str) -> Iterator[Conversations]:
    """Let tools that are called inside go on in these conversations; what become their ids is there afterwards."""
    conversations = Conversations(stored)
    token = _CURRENT.set(conversations)
    try:
        yield conversations
    except BaseException:
        conversations.cancel()
        raise
    finally:
        _CURRENT.reset(token)


def current_conversation(space: str = "") -> Conversation:
    """The conversation with a space that this is in, else a new one."""
    conversations = _CURRENT.get()
    return conversations.with_space(space) if conversations else Conversation()
