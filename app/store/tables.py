"""The tables. Their rows leave the store as they are, detached, and are not written to outside it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import JSON, Dialect, Float, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A point in time: UTC in Python, seconds since 1970 in SQLite, which has no type for it."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:
        """To the database."""
        return value.timestamp() if value else None

    def process_result_value(self, value: float | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return datetime.fromtimestamp(value, timezone.utc) if value is not None else None


def now() -> datetime:
    """The time, as rows bear it."""
    return datetime.fromtimestamp(time.time(), timezone.utc)


class Base(DeclarativeBase):
    """All tables."""


class ChatSession(Base):
    """A conversation of one person. While `turn_id` is set, the worker `turn_worker` is at work on a turn of it."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    conversation_id: Mapped[str] = mapped_column(default="")
    turn_id: Mapped[str | None]
    turn_worker: Mapped[str | None]
    turn_cancelled: Mapped[bool] = mapped_column(default=False)


class Message(Base):
    """What was said, with the trace of the turn in which it was."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    content: Mapped[str]
    timestamp: Mapped[datetime] = mapped_column(Moment)
    tool_call: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    tool_call_id: Mapped[str | None]
    trace_id: Mapped[str] = mapped_column(default="", index=True)
    trace_url: Mapped[str] = mapped_column(default="")


class DeckRow(Base):
    """The deck of a session, as one HTML document."""

    __tablename__ = "decks"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    html: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class FormerDeck(Base):
    """What a deck was before a change; the latest is the one to go back to."""

    __tablename__ = "former_decks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    html: Mapped[str]


class Job(Base):
    """A turn that was ordered and is asked after; `worker` has taken it on."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    owner: Mapped[str]
    order: Mapped[dict[str, Any]] = mapped_column(JSON)
    carrier: Mapped[dict[str, str]] = mapped_column(JSON)
    trace_id: Mapped[str]
    trace_url: Mapped[str]
    worker: Mapped[str] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(default="pending", index=True)
    events: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    detail: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Feedback(Base):
    """What a person thinks of an answer; the last word counts."""

    # The name it has in databases that are there already.
    __tablename__ = "opinions"

    trace_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    rationale: Mapped[str | None]
