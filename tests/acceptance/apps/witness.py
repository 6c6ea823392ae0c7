"""A plain ASGI app in our middleware, with a witness on either side that notes what passes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

import otel_mlflow

CHUNK = b"x" * 65536
FLOOD = 50 * 2**20  # bytes


class UnlikelyError(Exception):
    """What the app raises; the server must see this very object."""


raised: list[BaseException] = []
seen_by_server: list[BaseException] = []
told_app: list[str] = []


async def raise_error(receive: Receive, send: Send) -> None:
    raised.append(UnlikelyError())
    raise raised[-1]


async def wait_for_disconnect(receive: Receive, send: Send) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    while (message := await receive())["type"] != "http.disconnect":
        pass
    told_app.append(message["type"])


async def take_all(receive: Receive, send: Send) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await answer(send, size)


async def send_much(receive: Receive, send: Send) -> None:
    await start(send)
    for _ in range(FLOOD // len(CHUNK)):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
    await send({"type": "http.response.body"})


async def testify(receive: Receive, send: Send) -> None:
    """What the witnesses have seen."""
    same = [seen is original for seen, original in zip(seen_by_server, raised, strict=True)]
    await answer(send, {"exceptions_are_the_same": same, "told_app": told_app})


async def start(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})


async def answer(send: Send, body: object) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


PATHS: dict[str, Callable[[Receive, Send], Awaitable[None]]] = {
    "/raise": raise_error,
    "/leave": wait_for_disconnect,
    "/sink": take_all,
    "/flood": send_much,
    "/witness": testify,
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI 3, HTTP alone: of lifespan and WebSocket it knows nothing."""
    assert scope["type"] == "http"
    await PATHS[scope["path"]](receive, send)


tracing = otel_mlflow.Tracing(otel_mlflow.Settings.load())
tracing.start()
traced = otel_mlflow.TracingMiddleware(app, tracing=tracing)


async def served(scope: Scope, receive: Receive, send: Send) -> None:
    """Where the server stands."""
    try:
        await traced(scope, receive, send)
    except UnlikelyError as error:
        seen_by_server.append(error)
        raise
