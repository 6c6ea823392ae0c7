"""What several parts of the store ask inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import ChatSession, Message
from app.store.workers import Workers


class NotYoursError(LookupError):
    """There is no such thing, or it is somebody else's: the answer is the same."""


class ForbiddenError(Exception):
    """It is somebody else's, and that is no secret."""


class TurnRunningError(Exception):
    """A turn of the session is running; what was asked has to wait for it."""


def owned(db: Session, session_id: str, owner: str) -> ChatSession:
    """The session. Raises `NotYoursError`."""
    found = db.get(ChatSession, session_id)
    if found is None or found.owner != owner:
        raise NotYoursError(f"There is no session {session_id!r} of yours.")
    return found


def is_running(session: ChatSession, workers: Workers) -> bool:
    """Whether a turn of the session is running: one whose worker has died is not."""
    return bool(session.turn_id and session.turn_worker) and workers.is_alive(session.turn_worker or "")


def require_idle(session: ChatSession, workers: Workers) -> None:
    """Raise `TurnRunningError` if a turn of the session is running."""
    if is_running(session, workers):
        raise TurnRunningError("A turn of this session is running. Wait for it, or cancel it.")


def read_messages(db: Session, session_id: str) -> Sequence[Message]:
    """The messages of a session, in order."""
    return db.scalars(select(Message).where(Message.session_id == session_id).order_by(Message.id)).all()
