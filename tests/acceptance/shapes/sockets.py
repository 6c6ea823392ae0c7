"""WebSockets: a connection is one trace, its handshake the GET request that HTTP makes of it."""

from __future__ import annotations

import asyncio

from fastapi import WebSocket

import otel_mlflow
from tests.acceptance.shapes.family import Family, Shape
from tests.acceptance.shapes.spans import nested, span
from tests.acceptance.shapes.visits import converse, hear_out

family = Family()


@family.router.websocket("/sockets/{room}")
async def echo(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.receive_text()
    with span("message"):
        await socket.send_text(otel_mlflow.current_trace().id)
    message = await socket.receive_text()
    await asyncio.to_thread(nested, "message", room)
    await socket.send_text(message)


@family.router.websocket("/sockets/broken/{room}")
async def broken(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_text(otel_mlflow.current_trace().id)
    with span("message"):
        raise RuntimeError("this conversation breaks, as this shape wants it")


family.shapes += [
    Shape("GET /sockets/{room} > [message, message > kitchen]", "/sockets/kitchen", visit=converse),
    Shape("GET /sockets/broken/{room}! > message!", "/sockets/broken/a", visit=hear_out, outcome="error", raises=True),
]
