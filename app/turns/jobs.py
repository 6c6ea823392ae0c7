"""Turns as jobs: ordered in one request, asked after in others, and honest about it when their worker has died."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import suppress
from dataclasses import asdict, replace

import otel_mlflow
from app.agent.turn import TurnMessage
from app.pool import STORE
from app.shapes import EventShape
from app.store import jobs as status
from app.store.jobs import Jobs
from app.store.tables import Job, Message, now
from app.store.turns import SessionLease, Turns
from app.turns.answers import to_event
from app.turns.failures import CANCELLED, UNCHANGED, explain, log
from app.turns.lost_traces import LostTraces
from app.turns.running import RunningTurns
from app.turns.traced import set_type, step
from app.turns.turn_runner import TURN, Order, TurnRunner

ON_BEHALF = "on_behalf_of_user"
LOST = f"The server stopped while it was at work on this. Ask again. {UNCHANGED}"


class JobLostError(Exception):
    """The worker that was at a job died."""


class JobQueue:
    """Works off jobs, `at_once` of them at the same time; the others wait, and their traces show for how long."""

    def __init__(
        self,
        jobs: Jobs,
        turns: Turns,
        turn_runner: TurnRunner,
        running: RunningTurns,
        lost_traces: LostTraces,
        at_once: int,
    ) -> None:
        self._jobs = jobs
        self._lost_traces = lost_traces
        self._turns = turns
        self._turn_runner = turn_runner
        self._running = running
        self._slots = asyncio.Semaphore(at_once)

    async def take_on(self, order: Order, carrier: dict[str, str]) -> Job:
        """Put a job into the queue, and return when its trace shows that it waits there."""
        # What is stored has no token: whoever takes the job on from a dead worker cannot go on in that person's name.
        stored = asdict(replace(order, token=None))
        ordered = {**stored, "session_id": order.lease.session_id, ON_BEHALF: order.token is not None}
        trace_ids = (order.trace_id, order.trace_url)
        job = await STORE.run(self._jobs.add, order.lease.owner, ordered, carrier, trace_ids)
        await self._start(job, order)
        return job

    async def find(self, job_id: str, owner: str) -> Job:
        """One. What a dead worker left is dealt with first. Raises `NotYoursError`."""
        job = await STORE.run(self._jobs.get, job_id, owner)
        if not await STORE.run(self._jobs.is_orphan, job):
            return job
        await self.recover()
        return await STORE.run(self._jobs.get, job_id, owner)

    async def recover(self) -> None:
        """Deal with what dead workers left: what had not begun is taken on, what had is lost and says so.

        So is what had not begun where its session has another turn since: the person asked again.
        """
        for job, left_as in await STORE.run(self._jobs.take_over):
            order = _order(job)
            may_begin = left_as == status.PENDING and not job.order.get(ON_BEHALF)
            if may_begin and await STORE.run(self._turns.take_over, order.lease):
                await self._start(job, order)
            else:
                await self._lose(job, order)

    async def _start(self, job: Job, order: Order) -> None:
        begun = asyncio.Event()
        # A context of its own: the job goes on in the request's trace, not in the request.
        self._running.start(order.lease.turn_id, self._work(job, order, begun), contextvars.Context())
        await begun.wait()

    async def _work(self, job: Job, order: Order, begun: asyncio.Event) -> None:
        try:
            with otel_mlflow.continued(job.carrier, TURN):
                begun.set()
                await self._take_or_give_up(job, order)
        except Exception as error:  # noqa: BLE001 - nobody waits for a job: it is told to the poll, and to the log
            log(error, f"The turn of job {job.id}")
            await self._end(job, status.ERROR, explain(error).detail)

    async def _take_or_give_up(self, job: Job, order: Order) -> None:
        try:
            await self._take_turn(job, order)
        except asyncio.CancelledError as error:
            await self._cancelled(job, order, error)
            raise

    async def _take_turn(self, job: Job, order: Order) -> None:
        with step("queue", "TASK"):
            await self._slots.acquire()
        try:
            await STORE.run(self._jobs.start, job)

            async def on_message(message: TurnMessage) -> None:
                await self._add_event(job, to_event(message))

            answer = await self._turn_runner.take(order, on_message)
        finally:
            self._slots.release()
        await STORE.run(self._jobs.end, job.id, status.COMPLETED, result=answer.model_dump(mode="json"))

    async def _cancelled(self, job: Job, order: Order, error: asyncio.CancelledError) -> None:
        if not self._running.stopping:
            await self._turn_runner.give_up(order, error)
            await self._end(job, status.CANCELLED, CANCELLED)
        elif job.status == status.RUNNING:
            await self._end(job, status.ERROR, LOST)
        # What still waits when the server stops is taken on by the next one.

    async def _add_event(self, job: Job, event: EventShape) -> None:
        await STORE.run(self._jobs.add_event, job.id, event.model_dump())

    async def _end(self, job: Job, how: str, detail: str) -> None:
        await STORE.run(self._jobs.end, job.id, how, detail=detail)

    async def _lose(self, job: Job, order: Order) -> None:
        with suppress(JobLostError), otel_mlflow.continued(job.carrier, TURN) as span:
            set_type(span, "AGENT")
            raise JobLostError(LOST)
        said = [("user", order.message), ("assistant", LOST)]
        self._lost_traces.mark(job.trace_id, LOST)
        rows = [_row(job, role, words) for role, words in said]
        await STORE.run(self._turns.abandon, order.lease, rows)
        await self._end(job, status.ERROR, LOST)


def _order(job: Job) -> Order:
    kept = {name: value for name, value in job.order.items() if name not in ("session_id", ON_BEHALF)}
    return Order(**{**kept, "lease": SessionLease(**kept["lease"])})


def _row(job: Job, role: str, words: str) -> Message:
    return Message(
        session_id=job.session_id,
        role=role,
        content=words,
        timestamp=now(),
        trace_id=job.trace_id,
        trace_url=job.trace_url,
    )
