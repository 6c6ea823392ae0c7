"""`POST /api/chat/async` and its polls: the same turn, for proxies that cut long requests."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

import otel_mlflow
from app.api.openapi import failures
from app.api.orders import order_of
from app.api.users import Owner
from app.api.using import Using
from app.shapes import ChatRequest, Ordered, Polled
from app.store.tables import Job

router = APIRouter(tags=["chat"])


@router.post("/api/chat/async", status_code=202, responses=failures(400, 404, 409))
async def order(asked: ChatRequest, owner: Owner, using: Using) -> Ordered:
    """Order a turn; the answer says by which id to ask for it."""
    ordered = await order_of(asked, owner, using)
    job = await using.jobs.take_on(ordered, otel_mlflow.current_trace().carrier())
    return Ordered(
        request_id=job.id,
        session_id=job.session_id,
        status=job.status,
        trace_id=job.trace_id,
        trace_url=job.trace_url,
    )


@router.get("/api/chat/poll/{request_id}", responses=failures(404))
async def poll(request_id: str, owner: Owner, using: Using) -> Polled:
    """How the turn is doing. What a dead worker left is dealt with now, at the latest."""
    job = await asyncio.to_thread(using.store.jobs.get, request_id, owner)
    if using.store.jobs.is_orphan(job):
        await using.jobs.recover()
        job = await asyncio.to_thread(using.store.jobs.get, request_id, owner)
    return _polled(job)


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
