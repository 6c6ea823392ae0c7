"""A job followed from outside: its events as they come, from any worker, and from where somebody was cut off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from app.store import jobs as status
from app.store.tables import Job
from app.turns.jobs import JobQueue

# How soon an event is seen that another worker has written down.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class NumberedEvent:
    """An event of a job, counted from 1. The last one says how the job ended."""

    number: int
    name: str
    data: dict[str, Any]


async def follow(
    queue: JobQueue, job_id: str, owner: str, *, after: int, heartbeat: float, seconds: float
) -> AsyncIterator[NumberedEvent | None]:
    """The events after the one with that number, and None where there was nothing for `heartbeat` seconds.

    Ends with the job, or after `seconds`: no proxy has cut the line by then, and a server that stops waits no longer.
    Raises `NotYoursError`.
    """
    until = time.monotonic() + seconds
    quiet_since = time.monotonic()
    while True:
        job = await queue.find(job_id, owner)
        for event in _events(job)[after:]:
            after, quiet_since = event.number, time.monotonic()
            yield event
        if job.status not in (status.PENDING, status.RUNNING) or time.monotonic() > until:
            return
        if time.monotonic() - quiet_since > heartbeat:
            quiet_since = time.monotonic()
            yield None
        await asyncio.sleep(_LOOK_SECONDS)


def _events(job: Job) -> list[NumberedEvent]:
    told = [(event["event"], event["data"]) for event in job.events]
    if job.status == status.COMPLETED:
        told.append(("complete", job.result or {}))
    elif job.status in (status.ERROR, status.CANCELLED):
        why = {"detail": job.detail, "request_id": job.id, "trace_id": job.trace_id}
        told.append((job.status, why))
    return [NumberedEvent(number, name, data) for number, (name, data) in enumerate(told, start=1)]
