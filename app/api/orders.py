"""A question becomes an order: a turn in a session that is held for it."""

from __future__ import annotations

import otel_mlflow
from app.credentials import UserToken
from app.pool import STORE
from app.services import Services
from app.shapes import ChatRequest
from app.turns.conduct import Order
from app.turns.traced import ask


async def order_of(asked: ChatRequest, owner: str, token: UserToken | None, using: Services) -> Order:
    """Hold the session, or a new one. Raises `NotYoursError` and `TurnRunningError`."""
    held = await STORE.run(using.store.turns.begin, asked.session_id, owner, asked.message, asked.expected_version)
    trace = otel_mlflow.current_trace()
    trace.set_session(held.session_id)
    ask(asked.message, asked.max_slides)
    return Order(held, asked.message, asked.max_slides, trace.id, trace.url, token)
