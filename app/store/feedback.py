"""What people think of answers, kept beside them; MLflow has it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from app.store.database import Database
from app.store.rows import ForbiddenError, NotYoursError
from app.store.tables import ChatSession, Feedback, Message


class FeedbackStore:
    """One for each answer and person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, feedback: Feedback) -> bool:
        """Keep the latest; answer whether it is the first.

        Raises `NotYoursError` for the trace of no answer, `ForbiddenError` for that of somebody else's.
        """
        with self._database.writing() as db:
            said = select(ChatSession.owner).join(Message).where(Message.trace_id == feedback.trace_id)
            owners = set(db.scalars(said))
            if not owners:
                raise NotYoursError(f"There is no answer with the trace {feedback.trace_id!r}.")
            if feedback.owner not in owners:
                raise ForbiddenError("This answer was given to somebody else, whose feedback it takes.")
            is_first = db.get(Feedback, (feedback.trace_id, feedback.owner)) is None
            db.merge(feedback)
            return is_first

    def by_trace(self, owner: str, trace_ids: Sequence[str]) -> Mapping[str, Feedback]:
        """The owner's, by trace."""
        with self._database.reading() as db:
            wanted = select(Feedback).where(Feedback.owner == owner, Feedback.trace_id.in_(set(trace_ids)))
            return {found.trace_id: found for found in db.scalars(wanted)}
