"""Work that outlives the response: it is held at a gate that the client opens when it has read the whole answer."""

from __future__ import annotations

import asyncio

from fastapi import BackgroundTasks

from tests.acceptance.apps.gates import released, released_async
from tests.acceptance.shapes.family import Family, RequestId
from tests.acceptance.shapes.spans import nested, raw, span
from tests.acceptance.shapes.visits import read_then_release

family = Family()
_tasks: set[asyncio.Task[None]] = set()


def late(request_id: str) -> None:
    released(request_id)
    nested("late", "query")


async def late_async(request_id: str) -> None:
    await released_async(request_id)
    nested("late", "query")


def keep(task: asyncio.Task[None]) -> None:
    """An event loop alone does not keep a task alive."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


@family.route("GET /afterwards/background-sync > [work, late > query]", visit=read_then_release)
def background_sync(request_id: RequestId, tasks: BackgroundTasks) -> None:
    with span("work"):
        tasks.add_task(late, request_id)


@family.route("GET /afterwards/background-async > [work, late > query]", visit=read_then_release)
async def background_async(request_id: RequestId, tasks: BackgroundTasks) -> None:
    with span("work"):
        tasks.add_task(late_async, request_id)


async def begun_before_released(request_id: str) -> None:
    with span("begun"):
        await released_async(request_id)
        with raw("query"):
            pass


@family.route("GET /afterwards/several > [late > query, late > query, begun > query]", visit=read_then_release)
async def several_background_tasks(request_id: RequestId, tasks: BackgroundTasks) -> None:
    tasks.add_task(late_async, request_id)
    tasks.add_task(begun_before_released, request_id)
    tasks.add_task(late, request_id)


@family.route("GET /afterwards/create-task > late > query", visit=read_then_release)
async def create_task(request_id: RequestId) -> None:
    keep(asyncio.create_task(late_async(request_id)))


@family.route("GET /afterwards/create-task-in-span > order > late > query", visit=read_then_release)
async def create_task_in_a_span_that_ends_first(request_id: RequestId) -> None:
    with span("order"):
        keep(asyncio.create_task(late_async(request_id)))


@family.route("GET /afterwards/task-begun-before > begun > query", visit=read_then_release)
async def span_open_across_the_end_of_the_response(request_id: RequestId) -> None:
    keep(asyncio.create_task(begun_before_released(request_id)))


async def two_generations(request_id: str) -> None:
    await released_async(request_id)
    with span("parent"):
        await asyncio.create_task(late_async(request_id))


@family.route("GET /afterwards/task-of-a-task > parent > late > query", visit=read_then_release)
async def a_task_of_a_task(request_id: RequestId) -> None:
    keep(asyncio.create_task(two_generations(request_id)))


def failing_late(request_id: str) -> None:
    released(request_id)
    with span("late"):
        raise RuntimeError("a background task fails, as this shape wants it")


@family.route("GET /afterwards/background-failing! > late!", outcome="error", visit=read_then_release, raises=True)
async def background_task_that_fails(request_id: RequestId, tasks: BackgroundTasks) -> None:
    tasks.add_task(failing_late, request_id)
