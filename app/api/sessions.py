"""`/api/sessions`: a person's conversations."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.dependencies import ExpectedVersionQuery, ServicesDep
from app.api.openapi import failures
from app.api.users import OwnerDep
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
from app.store.tables import ChatSession, Feedback, Job, Message
from app.turns.answers import deck_shape

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get("")
def sessions(owner: OwnerDep, services: ServicesDep) -> SessionsShape:
    """All of the caller's."""
    ordered = services.store.jobs.unfinished(owner)
    return SessionsShape(sessions=[_session(one, ordered.get(one.id)) for one in services.store.sessions.list(owner)])


@router.post("", status_code=201, responses=failures(400))
def create(owner: OwnerDep, services: ServicesDep, wanted: NewSessionRequest | None = None) -> SessionShape:
    """Begin one."""
    title = wanted.title if wanted else None
    return _session(services.store.sessions.create(owner, title or ""))


@router.get("/{session_id}", responses=failures(404))
def session(session_id: str, owner: OwnerDep, services: ServicesDep) -> SessionShape:
    """One."""
    found = services.store.sessions.get(session_id, owner)
    return _session(found, services.store.jobs.unfinished(owner).get(session_id))


@router.patch("/{session_id}", responses=failures(400, 404))
def rename(session_id: str, wanted: TitleRequest, owner: OwnerDep, services: ServicesDep) -> SessionShape:
    """Give it another title."""
    return _session(services.store.sessions.rename(session_id, owner, wanted.title))


@router.delete("/{session_id}", status_code=204, responses=failures(404, 409))
def delete(session_id: str, owner: OwnerDep, services: ServicesDep) -> None:
    """Forget it."""
    services.store.sessions.delete(session_id, owner)


@router.get("/{session_id}/messages", responses=failures(404))
def messages(session_id: str, owner: OwnerDep, services: ServicesDep) -> MessagesShape:
    """All that was said, each with the trace of its turn and what the caller thought of it."""
    said = services.store.sessions.messages(session_id, owner)
    feedback = services.store.feedback.by_trace(owner, [message.trace_id for message in said])
    shown = [_message(message, feedback.get(message.trace_id)) for message in said]
    return MessagesShape(session_id=session_id, messages=shown)


@router.post("/{session_id}/undo", responses=failures(404, 409))
def undo(
    session_id: str, owner: OwnerDep, services: ServicesDep, expected_version: ExpectedVersionQuery = None
) -> DeckShape:
    """Take the last change of the deck back, whoever made it: a turn, or a person. Again: the one before."""
    kept = services.store.decks.undo(session_id, owner, expected_version)
    return deck_shape(parse(kept.html), kept.version)


def _session(session: ChatSession, ordered: Job | None = None) -> SessionShape:
    return SessionShape(
        session_id=session.id,
        title=session.title,
        created_at=session.created_at,
        updated_at=session.updated_at,
        turn=OrderedTurnShape(request_id=ordered.id, message=ordered.order["message"]) if ordered else None,
    )


def _message(message: Message, feedback: Feedback | None) -> StoredMessageShape:
    return StoredMessageShape(
        role=message.role,
        content=message.content,
        timestamp=message.timestamp,
        tool_call=ToolCallShape(**message.tool_call) if message.tool_call else None,
        tool_call_id=message.tool_call_id,
        trace_id=message.trace_id,
        trace_url=message.trace_url,
        feedback=FeedbackShape(value=feedback.value, rationale=feedback.rationale) if feedback else None,
    )
