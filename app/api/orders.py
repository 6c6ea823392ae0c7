"""A question becomes an order: a turn in a session that is lease for it."""

from __future__ import annotations

import otel_mlflow
from app.credentials import UserToken
from app.pool import STORE
from app.services import Services
from app.shapes import ChatRequest
from app.turns.traced import ask
from app.turns.turn_runner import Order


async def order_turn(asked: ChatRequest, owner: str, token: UserToken | None, services: Services) -> Order:
    """Hold the session, or a new one. Raises `NotYoursError` and `TurnRunningError`."""
    lease = await STORE.run(services.store.turns.begin, asked.session_id, owner, asked.message, asked.expected_version)
    trace = otel_mlflow.current_trace()
    trace.set_session(lease.session_id)
    ask(asked.message, asked.max_slides)
    return Order(lease, asked.message, asked.max_slides, trace.id, trace.url, token)
