"""What a client does with a shape's route: read it to the end, leave early, speak WebSocket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import httpx
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from tests.acceptance.shapes.family import Shape

REQUEST_ID = "X-Request-ID"
TRACE_ID = "X-MLflow-Trace-Id"
Headers = Mapping[str, str]
Visit = Callable[[httpx.AsyncClient, "Shape", Headers], Awaitable[str]]
"""Makes one request with these headers; returns the id of its trace, as the app told it."""


async def read_all(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Send the request and read the whole answer."""
    answer = await client.request(shape.method, shape.url, headers=headers)
    assert answer.status_code == shape.status, answer.text
    return answer.headers[TRACE_ID]


async def read_then_release(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Read the whole answer, and only then open the gate on which the rest of the work waits."""
    trace_id = await read_all(client, shape, headers)
    await _release(client, headers)
    return trace_id


async def release_after_first_chunk(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Open the gate on which the second chunk waits when the first has arrived: it must not be held back."""
    async with client.stream(shape.method, shape.url, headers=headers) as answer:
        chunks = answer.aiter_raw()
        assert await anext(chunks) == b"first"
        await _release(client, headers)
        assert [chunk async for chunk in chunks] == [b"last"]
    return answer.headers[TRACE_ID]


async def leave_early(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Read the first chunk, then close the connection."""
    async with client.stream(shape.method, shape.url, headers=headers) as answer:
        await anext(answer.aiter_raw())
    return answer.headers[TRACE_ID]


async def read_until_it_breaks(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Read an answer that the server cuts off."""
    async with client.stream(shape.method, shape.url, headers=headers) as answer:
        try:
            await answer.aread()
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return answer.headers[TRACE_ID]
    raise AssertionError(f"{shape.url} was to be cut off, and came whole")


async def converse(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Open a WebSocket, exchange two messages and close it; the app says its trace's id in the first answer."""
    async with connect(_websocket_url(client, shape), additional_headers=dict(headers)) as socket:
        await socket.send("first")
        trace_id = await socket.recv()
        await socket.send("second")
        assert await socket.recv() == "second"
    return str(trace_id)


async def hear_out(client: httpx.AsyncClient, shape: Shape, headers: Headers) -> str:
    """Open a WebSocket, hear its trace's id and wait until the app closes it or breaks down."""
    async with connect(_websocket_url(client, shape), additional_headers=dict(headers)) as socket:
        trace_id = await socket.recv()
        await socket.wait_closed()
    return str(trace_id)


async def _release(client: httpx.AsyncClient, headers: Headers) -> None:
    (await client.post(f"/control/release/{headers[REQUEST_ID]}")).raise_for_status()


def _websocket_url(client: httpx.AsyncClient, shape: Shape) -> str:
    return str(client.base_url.copy_with(scheme="ws").join(shape.url))
