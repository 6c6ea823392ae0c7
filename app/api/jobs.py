"""`POST /api/chat/async` and its polls: the same turn, for proxies that cut long requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

import otel_mlflow
from app.api import sse
from app.api.dependencies import ServicesDep
from app.api.openapi import event_stream, failures
from app.api.orders import order_turn
from app.api.users import OwnerDep, UserTokenDep
from app.services import Services
from app.shapes import ChatRequest, Ordered, Polled
from app.store.tables import Job
from app.turns.following import follow

router = APIRouter(tags=["chat"])
After = Annotated[int, Query(ge=0, description="the number of the last event that was seen")]
LastEventId = Annotated[str, Header(description="the same, as browsers say it; it wins")]


@router.post("/api/chat/async", status_code=202, responses=failures(400, 403, 404, 409))
async def order(asked: ChatRequest, owner: OwnerDep, token: UserTokenDep, services: ServicesDep) -> Ordered:
    """Order a turn; the answer says by which id to ask for it."""
    ordered = await order_turn(asked, owner, token, services)
    job = await services.jobs.take_on(ordered, otel_mlflow.current_trace().carrier())
    return Ordered(
        request_id=job.id,
        session_id=job.session_id,
        status=job.status,
        trace_id=job.trace_id,
        trace_url=job.trace_url,
    )


@router.get("/api/chat/poll/{request_id}", responses=failures(404))
async def poll(request_id: str, owner: OwnerDep, services: ServicesDep) -> Polled:
    """How the turn is doing. What a dead worker left is dealt with now, at the latest."""
    return _polled(await services.jobs.find(request_id, owner))


@router.get(
    "/api/chat/events/{request_id}",
    response_class=StreamingResponse,
    responses={
        **event_stream("The events of the turn so far, and those to come, numbered from 1."),
        **failures(404),
    },
)
async def events(
    request_id: str, owner: OwnerDep, services: ServicesDep, after: After = 0, last_event_id: LastEventId = ""
) -> StreamingResponse:
    """Follow an ordered turn, from any device. The stream ends now and then: ask again, with the last event's id."""
    await services.jobs.find(request_id, owner)
    seen = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 10 else after
    return StreamingResponse(
        _written(services, request_id, owner, seen), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS
    )


async def _written(services: Services, request_id: str, owner: str, after: int) -> AsyncIterator[str]:
    settings = services.settings
    followed = follow(
        services.jobs,
        request_id,
        owner,
        after=after,
        heartbeat=settings.heartbeat_seconds,
        seconds=settings.follow_seconds,
    )
    async for event in followed:
        yield sse.event(event.name, event.data, event.number) if event else sse.HEARTBEAT


def _polled(job: Job) -> Polled:
    return Polled.model_validate(
        {
            "request_id": job.id,
            "session_id": job.session_id,
            "status": job.status,
            "events": job.events,
            "trace_id": job.trace_id,
            "trace_url": job.trace_url,
            "result": job.result,
            "detail": job.detail,
        }
    )
