"""`/api/sessions`: a person's conversations."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.openapi import failures
from app.api.users import Owner
from app.api.using import ExpectedQuery, Using
from app.decks.deck import parse
from app.shapes import (
    DeckShape,
    FeedbackShape,
    MessagesShape,
    NewSessionRequest,
    OrderedTurnShape,
    SessionShape,
    SessionsShape,
    StoredMessageShape,
    TitleRequest,
    ToolCallShape,
)
from app.store.tables import ChatSession, Job, Message, Opinion
from app.turns.answers import deck_shape

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get("")
def sessions(owner: Owner, using: Using) -> SessionsShape:
    """All of the caller's."""
    ordered = using.store.jobs.unfinished(owner)
    return SessionsShape(sessions=[_session(one, ordered.get(one.id)) for one in using.store.sessions.list(owner)])


@router.post("", status_code=201, responses=failures(400))
def create(owner: Owner, using: Using, wanted: NewSessionRequest | None = None) -> SessionShape:
    """Begin one."""
    title = wanted.title if wanted else None
    return _session(using.store.sessions.create(owner, title or ""))


@router.get("/{session_id}", responses=failures(404))
def session(session_id: str, owner: Owner, using: Using) -> SessionShape:
    """One."""
    found = using.store.sessions.get(session_id, owner)
    return _session(found, using.store.jobs.unfinished(owner).get(session_id))


@router.patch("/{session_id}", responses=failures(400, 404))
def rename(session_id: str, wanted: TitleRequest, owner: Owner, using: Using) -> SessionShape:
    """Give it another title."""
    return _session(using.store.sessions.rename(session_id, owner, wanted.title))


@router.delete("/{session_id}", status_code=204, responses=failures(404, 409))
def delete(session_id: str, owner: Owner, using: Using) -> None:
    """Forget it."""
    using.store.sessions.delete(session_id, owner)


@router.get("/{session_id}/messages", responses=failures(404))
def messages(session_id: str, owner: Owner, using: Using) -> MessagesShape:
    """All that was said, each with the trace of its turn and what the caller thought of it."""
    said = using.store.sessions.messages(session_id, owner)
    opinions = using.store.opinions.of(owner, [message.trace_id for message in said])
    shown = [_message(message, opinions.get(message.trace_id)) for message in said]
    return MessagesShape(session_id=session_id, messages=shown)


@router.post("/{session_id}/undo", responses=failures(404, 409))
def undo(session_id: str, owner: Owner, using: Using, expected_version: ExpectedQuery = None) -> DeckShape:
    """Take the last change of the deck back, whoever made it: a turn, or a person. Again: the one before."""
    kept = using.store.decks.undo(session_id, owner, expected_version)
    return deck_shape(parse(kept.html), kept.version)


def _session(session: ChatSession, ordered: Job | None = None) -> SessionShape:
    return SessionShape(
        session_id=session.id,
        title=session.title,
        created_at=session.created_at,
        updated_at=session.updated_at,
        turn=OrderedTurnShape(request_id=ordered.id, message=ordered.order["message"]) if ordered else None,
    )


def _message(message: Message, opinion: Opinion | None) -> StoredMessageShape:
    return StoredMessageShape(
        role=message.role,
        content=message.content,
        timestamp=message.timestamp,
        tool_call=ToolCallShape(**message.tool_call) if message.tool_call else None,
        tool_call_id=message.tool_call_id,
        trace_id=message.trace_id,
        trace_url=message.trace_url,
        feedback=FeedbackShape(value=opinion.value, rationale=opinion.rationale) if opinion else None,
    )
