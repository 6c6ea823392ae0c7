"""What is cut short: clients that leave, tasks that are cancelled, generators that nobody reads to the end."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator

import anyio
import mlflow
from anyio.abc import TaskGroup
from fastapi.responses import StreamingResponse

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import raw, span
from tests.acceptance.shapes.visits import leave_early

family = Family()


async def endless_async() -> AsyncIterator[bytes]:
    with span("answer"):
        with raw("first"):
            pass
        yield b"first"
        with raw("second"):
            await asyncio.Event().wait()
        yield b"never"


@family.route("GET /departures/stream-async! > answer! > [first, second!]", outcome="cancelled", visit=leave_early)
async def client_leaves_async_stream() -> StreamingResponse:
    return StreamingResponse(endless_async())


def endless() -> Iterator[bytes]:
    """A thread cannot be cancelled: this goes on until nobody takes what it yields."""
    with span("answer"):
        with raw("first"):
            pass
        while True:
            yield b"again"
            time.sleep(0.01)  # The pace of the stream, which nobody waits for: without it the socket is flooded.


@family.route("GET /departures/stream-sync! > answer! > first", outcome="cancelled", visit=leave_early)
def client_leaves_sync_stream() -> StreamingResponse:
    return StreamingResponse(endless())


async def never_ending() -> None:
    with span("job"), raw("wait"):
        await asyncio.Event().wait()


@family.route("GET /departures/cancelled-task > [job! > wait!, after]")
async def cancelled_task() -> None:
    task = asyncio.create_task(never_ending())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    with span("after"):
        pass


@family.route("GET /departures/timed-out > [job! > wait!, after]")
async def timed_out() -> None:
    try:
        await asyncio.wait_for(never_ending(), 0.01)
    except asyncio.TimeoutError:
        with span("after"):
            pass


@family.route("GET /departures/cancel-scope > [job! > wait!, after]")
async def cancelled_scope() -> None:
    with anyio.move_on_after(0.01):
        await never_ending()
    with span("after"):
        pass


@family.route("GET /departures/cancelled-siblings > all > [job! > wait!, quick]")
async def one_of_two_is_cancelled() -> None:
    async def quick() -> None:
        with span("quick"):
            await asyncio.sleep(0)

    with span("all"):
        slow = asyncio.create_task(never_ending())
        await asyncio.create_task(quick())
        slow.cancel()
        await asyncio.wait([slow])


def words() -> Iterator[str]:
    with span("words"):
        yield "one"
        yield "two"


async def words_async() -> AsyncIterator[str]:
    with span("words"):
        yield "one"
        yield "two"


@family.route("GET /departures/abandoned-sync > [words!, after]")
async def abandoned_generator() -> None:
    for _ in words():
        break
    gc.collect()
    with span("after"):
        pass


@family.route("GET /departures/abandoned-async > [words!, after]")
async def abandoned_async_generator() -> None:
    """The event loop closes the generator in a task of its own, some steps after it was dropped."""
    async for _ in words_async():
        break
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0)
    with span("after"):
        pass


@mlflow.trace
def decorated() -> Iterator[str]:
    with raw("first"):
        pass
    yield "one"
    yield "two"


@mlflow.trace
async def decorated_async() -> AsyncIterator[str]:
    with raw("first"):
        pass
    yield "one"
    yield "two"


@family.route("GET /departures/abandoned-decorated > [decorated! > first, after]")
async def abandoned_decorated_generator() -> None:
    for _ in decorated():
        break
    with span("after"):
        pass


@family.route("GET /departures/abandoned-decorated-async > [decorated_async! > first, after]")
async def abandoned_decorated_async_generator() -> None:
    async for _ in decorated_async():
        break
    with span("after"):
        pass


@family.route("GET /departures/closed-async > [words!, after]")
async def async_generator_closed_by_another_task() -> None:
    generator = words_async()
    await anext(generator)
    await asyncio.create_task(_close(generator))
    with span("after"):
        pass


async def _close(generator: AsyncIterator[str]) -> None:
    await generator.aclose()  # type: ignore[attr-defined]


async def cancelling_soon(group: TaskGroup) -> None:
    with span("quick"):
        await asyncio.sleep(0)
        group.cancel_scope.cancel()


@family.route("GET /departures/task-group > [all > [job! > wait!, quick], after]")
async def one_of_a_group_cancels_the_others() -> None:
    with span("all"):
        async with anyio.create_task_group() as group:
            group.start_soon(never_ending)
            group.start_soon(cancelling_soon, group)
    with span("after"):
        pass
