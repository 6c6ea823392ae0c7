"""Sessions, as their owners see them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from app.store.database import Database
from app.store.rows import owned, read_messages, require_idle
from app.store.tables import ChatSession, Message
from app.store.workers import Workers

MAX_TITLE = 120


class Sessions:
    """Everything about sessions but their turns and decks. Raises `NotYoursError` for what the owner has not."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    def create(self, owner: str, title: str = "") -> ChatSession:
        """Begin a session."""
        with self._database.writing() as db:
            made = ChatSession(id=uuid.uuid4().hex, owner=owner, title=title[:MAX_TITLE])
            db.add(made)
        return made

    def list(self, owner: str) -> Sequence[ChatSession]:
        """All of an owner's, the latest used first."""
        with self._database.reading() as db:
            mine = select(ChatSession).where(ChatSession.owner == owner).order_by(ChatSession.updated_at.desc())
            return db.scalars(mine).all()

    def get(self, session_id: str, owner: str) -> ChatSession:
        """One."""
        with self._database.reading() as db:
            return owned(db, session_id, owner)

    def rename(self, session_id: str, owner: str, title: str) -> ChatSession:
        """Give it another title."""
        with self._database.writing() as db:
            session = owned(db, session_id, owner)
            session.title = title[:MAX_TITLE]
        return session

    def delete(self, session_id: str, owner: str) -> None:
        """Forget it, and all that was said in it. Raises `TurnRunningError`."""
        with self._database.writing() as db:
            session = owned(db, session_id, owner)
            require_idle(session, self._workers)
            db.delete(session)

    def messages(self, session_id: str, owner: str) -> Sequence[Message]:
        """All that was said, in order."""
        with self._database.reading() as db:
            return read_messages(db, owned(db, session_id, owner).id)
