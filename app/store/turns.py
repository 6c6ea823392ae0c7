"""One turn at a time in each session, over all workers.

A turn holds its session from `begin` until `finish`. What holds it is the word of a living worker: when that one dies,
the next turn may begin.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.database import Database
from app.store.decks import StoredDeck, keep_deck, read_deck, require_version
from app.store.rows import is_running, owned, read_messages, require_idle
from app.store.tables import ChatSession, Message, now
from app.store.workers import Workers

TITLE_FROM_MESSAGE = 80


@dataclass(frozen=True)
class SessionLease:
    """A session that is held for one turn."""

    session_id: str
    owner: str
    turn_id: str
    created: bool
    """Whether the session came into being with this turn."""


@dataclass(frozen=True)
class SessionSnapshot:
    """A session as a turn finds it."""

    messages: Sequence[Message]
    deck: StoredDeck
    conversation_id: str


class Turns:
    """Holding sessions for turns."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    def begin(self, session_id: str | None, owner: str, message: str, expected: int | None = None) -> SessionLease:
        """Hold a session, or a new one. Raises `NotYoursError`, `TurnRunningError` and `VersionConflictError`."""
        with self._database.writing() as db:
            if session_id is None:
                session = ChatSession(id=uuid.uuid4().hex, owner=owner, title="")
                db.add(session)
            else:
                session = owned(db, session_id, owner)
                require_idle(session, self._workers)
                require_version(read_deck(db, session.id), expected)
            session.title = session.title or message[:TITLE_FROM_MESSAGE]
            session.turn_id, session.turn_worker, session.turn_cancelled = uuid.uuid4().hex, self._workers.me, False
            return SessionLease(session.id, owner, session.turn_id, created=session_id is None)

    def snapshot(self, lease: SessionLease) -> SessionSnapshot:
        """What the turn goes on from."""
        with self._database.reading() as db:
            session = db.get_one(ChatSession, lease.session_id)
            return SessionSnapshot(read_messages(db, session.id), read_deck(db, session.id), session.conversation_id)

    def take_over(self, lease: SessionLease) -> bool:
        """Go on with a turn whose worker has died before it began; False where it holds its session no more."""
        with self._database.writing() as db:
            if session := self._leased(db, lease):
                session.turn_worker = self._workers.me
            return session is not None

    def finish(
        self, lease: SessionLease, messages: Sequence[Message], *, deck: str = "", conversation_id: str = ""
    ) -> StoredDeck | None:
        """Keep what the turn brought and let go of the session; without a deck the one that is there stays.

        Answers the deck as it is now; None, and keeps nothing, where the turn's end was asked for before.
        """
        with self._database.writing() as db:
            session = self._leased(db, lease)
            if session is None or session.turn_cancelled:
                return None
            kept = keep_deck(db, session, deck) if deck else read_deck(db, session.id)
            session.conversation_id = conversation_id or session.conversation_id
            _let_go(db, session, messages)
            return kept

    def abandon(self, lease: SessionLease, messages: Sequence[Message]) -> None:
        """Let go of the session, with a word why; nothing happens if that was done already."""
        with self._database.writing() as db:
            if session := self._leased(db, lease):
                _let_go(db, session, messages)

    def _leased(self, db: Session, lease: SessionLease) -> ChatSession | None:
        session = db.get(ChatSession, lease.session_id)
        return session if session and session.turn_id == lease.turn_id else None

    def cancel(self, session_id: str, owner: str) -> str | None:
        """Ask for the running turn's end, whichever worker has it; answer its id, None where none is running."""
        with self._database.writing() as db:
            session = owned(db, session_id, owner)
            if not is_running(session, self._workers):
                return None
            session.turn_cancelled = True
            return session.turn_id

    def cancelled(self) -> Sequence[str | None]:
        """The ids of this worker's turns whose end was asked for."""
        with self._database.reading() as db:
            mine = ChatSession.turn_worker == self._workers.me
            return db.scalars(select(ChatSession.turn_id).where(mine, ChatSession.turn_cancelled)).all()


def _let_go(db: Session, session: ChatSession, messages: Sequence[Message]) -> None:
    db.add_all(messages)
    session.turn_id = session.turn_worker = None
    session.updated_at = now()
