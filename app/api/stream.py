"""`POST /api/chat/stream`: a turn as server-sent events, each as it happens.

The turn is a job. A line that is cut ends the stream and not the turn: `GET /api/chat/events/{request_id}` takes it up
again where it was cut, from any device, and only a cancel ends the turn.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

import otel_mlflow
from app.api import sse
from app.api.dependencies import ServicesDep
from app.api.openapi import event_stream, failures
from app.api.orders import order_turn
from app.api.request_id import request_id
from app.api.users import OwnerDep, UserTokenDep
from app.services import Services
from app.shapes import ChatRequest
from app.store.tables import Job
from app.turns.following import NumberedEvent, follow

router = APIRouter(tags=["chat"])


@router.post(
    "/api/chat/stream",
    response_class=StreamingResponse,
    responses={
        **event_stream(
            "The events of the turn, each as it happens; `Content-Location` is where to take them up again."
        ),
        **failures(400, 403, 404, 409),
    },
)
async def stream(
    asked: ChatRequest, request: Request, owner: OwnerDep, token: UserTokenDep, services: ServicesDep
) -> StreamingResponse:
    """Answer one question, and tell what happens on the way."""
    order = await order_turn(asked, owner, token, services)
    job = await services.jobs.take_on(order, otel_mlflow.current_trace().carrier())
    headers = {**sse.HEADERS, "Content-Location": f"/api/chat/events/{job.id}"}
    events = _events(services, job, request_id(request), is_new=order.lease.created)
    return StreamingResponse(events, media_type=sse.MEDIA_TYPE, headers=headers)


async def _events(services: Services, job: Job, asked_as: str, *, is_new: bool) -> AsyncIterator[str]:
    """The events as they go over the wire, with a comment where there would be silence."""
    if is_new:
        trace = {"trace_id": job.trace_id, "trace_url": job.trace_url}
        yield sse.event("session_created", {"session_id": job.session_id, "request_id": job.id, **trace})
    heartbeat = services.settings.heartbeat_seconds
    async for event in follow(services.jobs, job.id, job.owner, after=0, heartbeat=heartbeat, seconds=math.inf):
        yield _written(event, asked_as) if event else sse.HEARTBEAT


def _written(event: NumberedEvent, asked_as: str) -> str:
    """An end that is none of the answer's names the request that is being answered."""
    data = {**event.data, "request_id": asked_as} if event.name in ("error", "cancelled") else event.data
    return sse.event(event.name, data, event.number)
