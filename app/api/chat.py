"""`POST /api/chat`: one question, one turn, one answer; and how to end a turn."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from app.agent.turn import Said
from app.api.openapi import failures
from app.api.orders import order_of
from app.api.users import Owner, OwnToken
from app.api.using import Using
from app.pool import STORE
from app.shapes import Cancelled, ChatAnswer, ChatRequest
from app.turns.failures import CANCELLED, TurnCancelledError

router = APIRouter(tags=["chat"])


@router.post("/api/chat", responses=failures(400, 403, 404, 409, 502))
async def chat(asked: ChatRequest, owner: Owner, token: OwnToken, using: Using) -> ChatAnswer:
    """Answer one question."""
    order = await order_of(asked, owner, token, using)
    turn = using.running.start(order.held.turn_id, using.conductor.turn(order, _ignore))
    try:
        await asyncio.wait([turn])
    finally:
        turn.cancel()
    if turn.cancelled():
        raise TurnCancelledError(CANCELLED)
    return turn.result()


@router.post("/api/chat/{session_id}/cancel", responses=failures(404))
async def cancel(session_id: str, owner: Owner, using: Using) -> Cancelled:
    """End the turn that is running; the deck is as it was before it."""
    turn_id = await STORE.run(using.store.turns.cancel, session_id, owner)
    if turn_id:
        using.running.cancel(turn_id)
    return Cancelled(session_id=session_id, cancelled=turn_id is not None)


async def _ignore(said: Said) -> None:
    """The answer has it all."""
