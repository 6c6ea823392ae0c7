"""`POST /api/chat`: one question, one turn, one answer; and how to end a turn."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from app.agent.turn import TurnMessage
from app.api.dependencies import ServicesDep
from app.api.openapi import failures
from app.api.orders import order_turn
from app.api.users import OwnerDep, UserTokenDep
from app.pool import STORE
from app.shapes import Cancelled, ChatAnswer, ChatRequest
from app.turns.failures import CANCELLED, TurnCancelledError

router = APIRouter(tags=["chat"])


@router.post("/api/chat", responses=failures(400, 403, 404, 409, 502))
async def chat(asked: ChatRequest, owner: OwnerDep, token: UserTokenDep, services: ServicesDep) -> ChatAnswer:
    """Answer one question."""
    order = await order_turn(asked, owner, token, services)
    turn = services.running.start(order.lease.turn_id, services.turn_runner.turn(order, _ignore))
    try:
        await asyncio.wait([turn])
    finally:
        turn.cancel()
    if turn.cancelled():
        raise TurnCancelledError(CANCELLED)
    return turn.result()


@router.post("/api/chat/{session_id}/cancel", responses=failures(404))
async def cancel(session_id: str, owner: OwnerDep, services: ServicesDep) -> Cancelled:
    """End the turn that is running; the deck is as it was before it."""
    turn_id = await STORE.run(services.store.turns.cancel, session_id, owner)
    if turn_id:
        services.running.cancel(turn_id)
    return Cancelled(session_id=session_id, cancelled=turn_id is not None)


async def _ignore(message: TurnMessage) -> None:
    """The answer has it all."""
