"""Jobs handed to a thread, a queue or another process, with the request's carrier."""

from __future__ import annotations

import asyncio
import functools
import json
import queue
import sys
import threading
from typing import NamedTuple

import otel_mlflow
from tests.acceptance.apps.gates import released
from tests.acceptance.shapes.family import Family, RequestId
from tests.acceptance.shapes.spans import nested, span
from tests.acceptance.shapes.visits import read_then_release

family = Family()
Carrier = dict[str, str]


def do(carrier: Carrier) -> None:
    """What every worker here does with a job."""
    with otel_mlflow.continued(carrier, "job"):
        nested("work", "query")


@family.route("GET /handovers/thread > order > job > work > query")
def to_a_thread() -> None:
    with span("order"):
        worker = threading.Thread(target=do, args=(otel_mlflow.current_trace().carrier(),))
        worker.start()
        worker.join()


class Job(NamedTuple):
    """What waits in the queue."""

    carrier: Carrier
    gate: str


def work_off(waiting: queue.SimpleQueue[Job]) -> None:
    while True:
        job = waiting.get()
        released(job.gate)
        do(job.carrier)


@functools.cache
def jobs() -> queue.SimpleQueue[Job]:
    """The queue, with its worker running; a thread that a request starts inherits nothing of the request's context."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=work_off, args=(waiting,), daemon=True).start()
    return waiting


@family.route("GET /handovers/queue-late > order > job > work > query", visit=read_then_release)
async def to_a_queue(request_id: RequestId) -> None:
    """The job is done long after the response, and after the span that ordered it."""
    with span("order"):
        jobs().put(Job(otel_mlflow.current_trace().carrier(), request_id))


@family.route("GET /handovers/queue-twice > [job > work > query, order > job > work > query]", visit=read_then_release)
def twice_from_different_spans(request_id: RequestId) -> None:
    jobs().put(Job(otel_mlflow.current_trace().carrier(), request_id))
    with span("order"):
        jobs().put(Job(otel_mlflow.current_trace().carrier(), request_id))


@family.route("GET /handovers/process > order > job > work > query")
async def to_another_process() -> None:
    """The carrier travels as JSON, as it would in a message."""
    with span("order"):
        carrier = json.dumps(otel_mlflow.current_trace().carrier())
        command = (sys.executable, "-m", "tests.acceptance.shapes.other_process", carrier)
        worker = await asyncio.create_subprocess_exec(*command)
        assert await worker.wait() == 0


async def do_async(carrier: Carrier) -> None:
    with otel_mlflow.continued(carrier, "job"):
        await asyncio.gather(asyncio.to_thread(nested, "left", "query"), asyncio.to_thread(nested, "right", "query"))


@family.route("GET /handovers/continued-async > order > job > [left > query, right > query]")
async def continued_in_a_task_without_context() -> None:
    with span("order"):
        carrier = otel_mlflow.current_trace().carrier()
        await asyncio.to_thread(run_elsewhere, carrier)


def run_elsewhere(carrier: Carrier) -> None:
    """Have an event loop in a thread of its own, which inherits no context."""
    worker = threading.Thread(target=asyncio.run, args=(do_async(carrier),))
    worker.start()
    worker.join()
