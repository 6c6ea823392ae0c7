"""Tasks and threads that work side by side within one request."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import anyio.from_thread

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import nested, raw, span

family = Family()
_pool = ThreadPoolExecutor(4)


async def interleaved(name: str) -> None:
    """Give way while the spans are open, so that the others open theirs in between."""
    with span(name):
        await asyncio.sleep(0)
        with raw("query"):
            await asyncio.sleep(0)


@family.route("GET /concurrency/gather > [left > query, middle > query, right > query]")
async def gather() -> None:
    await asyncio.gather(*(interleaved(name) for name in ("left", "middle", "right")))


@family.route("GET /concurrency/gather-in-span > all > [left > query, right > query]")
async def gather_in_a_span() -> None:
    with raw("all"):
        await asyncio.gather(interleaved("left"), interleaved("right"))


@family.route("GET /concurrency/to-thread > all > [left > query, right > query]")
async def to_thread() -> None:
    with span("all"):
        await asyncio.gather(asyncio.to_thread(nested, "left", "query"), asyncio.to_thread(nested, "right", "query"))


@family.route("GET /concurrency/run-in-executor > all > [left > query, right > query]")
async def run_in_executor() -> None:
    loop = asyncio.get_running_loop()
    with span("all"):
        context = contextvars.copy_context
        left = loop.run_in_executor(None, context().run, nested, "left", "query")
        right = loop.run_in_executor(_pool, context().run, nested, "right", "query")
        await asyncio.gather(left, right)


@family.route("GET /concurrency/thread-pool > all > [left > query, right > query]")
def thread_pool() -> None:
    with raw("all"):
        sides = [_pool.submit(contextvars.copy_context().run, nested, side, "query") for side in ("left", "right")]
        for side in sides:
            side.result()


@family.route("GET /concurrency/loop-in-a-thread > all > [left > query, right > query]")
def event_loop_in_the_handlers_thread() -> None:
    async def both() -> None:
        await asyncio.gather(interleaved("left"), interleaved("right"))

    with span("all"):
        asyncio.run(both())


@family.route("GET /concurrency/from-thread > outer > inner > query")
def back_from_the_thread_into_the_loop() -> None:
    with span("outer"):
        anyio.from_thread.run(interleaved, "inner")


@family.route("GET /concurrency/call-soon > order > later > query")
async def callback_of_the_loop() -> None:
    done = asyncio.Event()

    def later() -> None:
        nested("later", "query")
        done.set()

    with span("order"):
        asyncio.get_running_loop().call_soon(later)
        await done.wait()


@family.route(f"GET /concurrency/many > all > [{', '.join(['work > query'] * 300)}]")
async def many_spans() -> None:
    with span("all"):
        for _ in range(300):
            nested("work", "query")


@family.route(f"GET /concurrency/deep > {' > '.join(['down'] * 60)}")
def deep_spans() -> None:
    with ExitStack() as opened:
        for _ in range(60):
            opened.enter_context(span("down"))
