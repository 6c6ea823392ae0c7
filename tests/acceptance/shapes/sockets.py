"""WebSockets: a connection is one trace, its handshake the GET request that HTTP makes of it."""

from __future__ import annotations

import asyncio

from fastapi import WebSocket, WebSocketDisconnect

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


@family.router.websocket("/sockets/open/{room}")
async def until_the_client_closes(socket: WebSocket, room: str) -> None:
    await socket.accept()
    try:
        while True:
            message = await socket.receive_text()
            with span("message"):
                await socket.send_text(otel_mlflow.current_trace().id if message == "first" else message)
    except WebSocketDisconnect:
        with span("goodbye"):
            pass


@family.router.websocket("/sockets/broken/{room}")
async def broken(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_text(otel_mlflow.current_trace().id)
    with span("message"):
        raise RuntimeError("this conversation breaks, as this shape wants it")


family.shapes += [
    Shape("GET /sockets/{room} > [message, message > kitchen]", "/sockets/kitchen", visit=converse),
    Shape("GET /sockets/open/{room} > [message, message, goodbye]", "/sockets/open/kitchen", visit=converse),
    Shape("GET /sockets/broken/{room}! > message!", "/sockets/broken/a", visit=hear_out, outcome="error", raises=True),
]
