"""`POST /api/chat/stream`: a turn as server-sent events, each as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

import otel_mlflow
from app.agent.turn import Said
from app.api import sse
from app.api.openapi import event_stream, failures
from app.api.orders import order_of
from app.api.request_id import request_id
from app.api.users import Owner, OwnToken
from app.api.using import Using
from app.services import Services
from app.shapes import ChatRequest
from app.turns.answers import event_of
from app.turns.conduct import Order
from app.turns.failures import CANCELLED, explain, log

router = APIRouter(tags=["chat"])

Events = asyncio.Queue["str | None"]


@router.post(
    "/api/chat/stream",
    response_class=StreamingResponse,
    responses={
        **event_stream("The events of the turn, each as it happens."),
        **failures(400, 403, 404, 409),
    },
)
async def stream(
    asked: ChatRequest, request: Request, owner: Owner, token: OwnToken, using: Using
) -> StreamingResponse:
    """Answer one question, and tell what happens on the way."""
    order = await order_of(asked, owner, token, using)
    told = _Told(request_id(request), order)
    turn = using.running.start(order.held.turn_id, told.turn(using))
    return TurnStream(turn, told.events(using.settings.heartbeat_seconds))


class TurnStream(StreamingResponse):
    """The events of a turn. A client that leaves ends the turn."""

    def __init__(self, turn: asyncio.Task[None], events: AsyncIterator[str]) -> None:
        super().__init__(events, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is; whatever ends it, the turn has ended when this returns."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._turn.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([self._turn])


class _Told:
    """One turn, told."""

    def __init__(self, request: str, order: Order) -> None:
        self._request = request
        self._order = order
        self._events: Events = asyncio.Queue()

    async def turn(self, using: Services) -> None:
        """Take the turn; the last event is how it ended."""
        if self._order.held.created:
            self._tell("session_created", {"session_id": self._order.held.session_id, **self._trace()})
        try:
            answer = await using.conductor.turn(self._order, self._hear)
            self._tell("complete", answer.model_dump(mode="json"))
        except asyncio.CancelledError:
            self._tell("cancelled", self._why(CANCELLED))
            raise
        except Exception as error:  # noqa: BLE001 - the answer has begun: the error is its last event
            log(error, f"The turn of request {self._request}")
            self._tell("error", self._why(explain(error).detail))
        finally:
            self._events.put_nowait(None)

    async def events(self, heartbeat_seconds: float) -> AsyncIterator[str]:
        """The events as they go over the wire, with a comment where there would be silence."""
        while True:
            try:
                event = await asyncio.wait_for(self._events.get(), heartbeat_seconds)
            except asyncio.TimeoutError:
                yield sse.HEARTBEAT
                continue
            if event is None:
                return
            yield event

    async def _hear(self, said: Said) -> None:
        event = event_of(said)
        self._tell(event.event, event.data)

    def _tell(self, name: str, data: dict[str, Any]) -> None:
        self._events.put_nowait(sse.event(name, data))

    def _why(self, detail: str) -> dict[str, str]:
        return {"detail": detail, "request_id": self._request, "trace_id": otel_mlflow.current_trace().id}

    def _trace(self) -> dict[str, str]:
        return {"trace_id": self._order.trace_id, "trace_url": self._order.trace_url}
