"""The deck of a session: its versions, so that nobody overwrites what they have not seen, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.store.database import Database
from app.store.rows import owned, require_idle
from app.store.tables import ChatSession, DeckRow, FormerDeck, now
from app.store.workers import Workers

KEPT = 50
"""How many steps back there are."""


class NoDeckError(LookupError):
    """The session has no deck yet."""

    def __init__(self) -> None:
        super().__init__("This session has no deck yet. Ask for one first.")


class NothingToUndoError(Exception):
    """The deck is as it was made."""


class VersionConflictError(Exception):
    """The deck is not the one that the change was meant for."""

    def __init__(self, expected: int, current: int) -> None:
        super().__init__(f"The deck is at version {current}, not {expected}: it was changed. Load it again.")
        self.current = current


@dataclass(frozen=True)
class StoredDeck:
    """A deck's HTML, and a number that grows with each change; no HTML, and 0, where there is no deck yet."""

    html: str = ""
    version: int = 0


class Decks:
    """Decks by their session. Each change raises `NotYoursError`, `TurnRunningError` and `VersionConflictError`."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    def get(self, session_id: str, owner: str) -> StoredDeck:
        """The deck as it is. Raises `NoDeckError`."""
        with self._database.reading() as db:
            return _require(read_deck(db, owned(db, session_id, owner).id))

    def change(self, session_id: str, owner: str, change: Callable[[str], str], expected: int | None) -> StoredDeck:
        """Put what `change` makes of the deck in its place. Raises `NoDeckError`."""
        with self._database.writing() as db:
            session, deck = self._changeable(db, session_id, owner, expected)
            return keep_deck(db, session, change(_require(deck).html))

    def undo(self, session_id: str, owner: str, expected: int | None) -> StoredDeck:
        """Go back to what the deck was before its last change. Raises `NothingToUndoError`."""
        with self._database.writing() as db:
            session, deck = self._changeable(db, session_id, owner, expected)
            former = db.scalars(_former(session.id).limit(1)).first()
            if former is None:
                raise NothingToUndoError("There is nothing to undo.")
            db.delete(former)
            return _write(db, session, StoredDeck(former.html, deck.version + 1))

    def _changeable(
        self, db: Session, session_id: str, owner: str, expected: int | None
    ) -> tuple[ChatSession, StoredDeck]:
        session = owned(db, session_id, owner)
        require_idle(session, self._workers)
        deck = read_deck(db, session.id)
        require_version(deck, expected)
        return session, deck


def read_deck(db: Session, session_id: str) -> StoredDeck:
    """The deck of a session."""
    found = db.get(DeckRow, session_id)
    return StoredDeck(found.html, found.version) if found else StoredDeck()


def keep_deck(db: Session, session: ChatSession, html: str) -> StoredDeck:
    """Put HTML in the place of a deck, which can be gone back to."""
    deck = read_deck(db, session.id)
    if deck.html:
        db.add(FormerDeck(session_id=session.id, html=deck.html))
        db.flush()
        beyond = _former(session.id).offset(KEPT).with_only_columns(FormerDeck.id)
        db.execute(delete(FormerDeck).where(FormerDeck.id.in_(beyond)))
    return _write(db, session, StoredDeck(html, deck.version + 1))


def require_version(deck: StoredDeck, expected: int | None) -> None:
    """Raise `VersionConflictError` if another version is expected than there is."""
    if expected is not None and expected != deck.version:
        raise VersionConflictError(expected, deck.version)


def _former(session_id: str) -> Select[Any]:
    return select(FormerDeck).where(FormerDeck.session_id == session_id).order_by(FormerDeck.id.desc())


def _write(db: Session, session: ChatSession, deck: StoredDeck) -> StoredDeck:
    db.merge(DeckRow(session_id=session.id, html=deck.html, version=deck.version))
    session.updated_at = now()
    return deck


def _require(deck: StoredDeck) -> StoredDeck:
    if not deck.html:
        raise NoDeckError
    return deck
