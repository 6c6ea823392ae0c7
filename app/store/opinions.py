"""What people think of answers, kept beside them; MLflow has it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select

from app.store.database import Database
from app.store.rows import NotYoursError
from app.store.tables import ChatSession, Message, Opinion


class Opinions:
    """One for each answer and person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, owner: str, trace_id: str, value: Any, rationale: str | None) -> None:
        """Keep the latest. Raises `NotYoursError` for the trace of no answer of the owner's."""
        with self._database.writing() as db:
            mine = exists().where(
                Message.trace_id == trace_id, Message.session_id == ChatSession.id, ChatSession.owner == owner
            )
            if not db.scalar(select(mine)):
                raise NotYoursError(f"There is no answer of yours with the trace {trace_id!r}.")
            db.merge(Opinion(trace_id=trace_id, owner=owner, value=value, rationale=rationale))

    def of(self, owner: str, trace_ids: Sequence[str]) -> Mapping[str, Opinion]:
        """The owner's, by trace."""
        with self._database.reading() as db:
            wanted = select(Opinion).where(Opinion.owner == owner, Opinion.trace_id.in_(set(trace_ids)))
            return {found.trace_id: found for found in db.scalars(wanted)}
