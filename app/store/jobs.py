"""Turns that were ordered to be asked after. A job belongs to the worker that took it on, and outlives it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from app.store.database import Database
from app.store.rows import NotYoursError
from app.store.tables import Job, now
from app.store.workers import Workers

KEPT = timedelta(days=1)
"""How long one may ask for a job that is over; what it brought is in its session."""

PENDING, RUNNING, COMPLETED, ERROR, CANCELLED = "pending", "running", "completed", "error", "cancelled"


class Jobs:
    """Jobs by their id."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._database = database
        self._workers = workers

    def is_orphan(self, job: Job) -> bool:
        """Whether nobody is at it who could still end it."""
        return job.status in (PENDING, RUNNING) and not self._workers.is_alive(job.worker)

    def add(self, owner: str, order: Mapping[str, Any], carrier: Mapping[str, str], trace: tuple[str, str]) -> Job:
        """Take on a job; `trace` is the id and the address of the trace that it goes on in."""
        with self._database.writing() as db:
            db.execute(delete(Job).where(Job.created_at < now() - KEPT, Job.status.not_in([PENDING, RUNNING])))
            job = Job(
                id=uuid.uuid4().hex,
                session_id=order["session_id"],
                owner=owner,
                order=dict(order),
                carrier=dict(carrier),
                trace_id=trace[0],
                trace_url=trace[1],
                worker=self._workers.me,
                events=[],
            )
            db.add(job)
        return job

    def get(self, job_id: str, owner: str) -> Job:
        """One. Raises `NotYoursError`."""
        with self._database.reading() as db:
            found = db.get(Job, job_id)
            if found is None or found.owner != owner:
                raise NotYoursError(f"There is no request {job_id!r} of yours.")
            return found

    def unfinished(self, owner: str) -> Mapping[str, Job]:
        """The owner's that are not over, by their session."""
        with self._database.reading() as db:
            mine = select(Job).where(Job.owner == owner, Job.status.in_([PENDING, RUNNING]))
            return {job.session_id: job for job in db.scalars(mine)}

    def start(self, job: Job) -> None:
        """Work on it has begun."""
        self._set(job.id, status=RUNNING)
        job.status = RUNNING

    def add_event(self, job_id: str, event: dict[str, Any]) -> None:
        """Add an event to what a poll shows."""
        with self._database.writing() as db:
            if job := db.get(Job, job_id):
                job.events = [*job.events, event]

    def end(self, job_id: str, status: str, *, result: dict[str, Any] | None = None, detail: str | None = None) -> None:
        """It is over, with a result or with the reason why there is none."""
        self._set(job_id, status=status, result=result, detail=detail)

    def take_over(self) -> Sequence[tuple[Job, str]]:
        """Make this worker's what dead workers left; each job with the status in which it was left."""
        with self._database.writing() as db:
            left = db.scalars(select(Job).where(Job.status.in_([PENDING, RUNNING]))).all()
            orphans = [job for job in left if self.is_orphan(job)]
            for job in orphans:
                job.worker = self._workers.me
            return [(job, job.status) for job in orphans]

    def _set(self, job_id: str, **values: Any) -> None:
        with self._database.writing() as db:
            # A deleted session takes its jobs with it.
            if job := db.get(Job, job_id):
                for name, value in values.items():
                    setattr(job, name, value)
