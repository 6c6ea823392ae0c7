"""Tasks and threads that work side by side within one request."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

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
