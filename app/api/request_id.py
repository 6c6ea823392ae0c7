"""Every request has an id: the caller's `X-Request-ID`, or one made here. Errors name it, the trace carries it."""

from __future__ import annotations

import uuid

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"


class RequestIds:
    """ASGI middleware, to stand outside the tracing, which reads the header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the header where it is missing, to the request and to the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        identity = given or uuid.uuid4().hex
        if not given:
            # In place, so that the error handler outside of this middleware sees it too.
            scope["headers"] = [*scope["headers"], (HEADER.encode(), identity.encode())]

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, identity)
            await send(message)

        await self.app(scope, receive, send_with_id)


def request_id(request: Request) -> str:
    """The id of a request; empty only before the middleware has seen it."""
    return request.headers.get(HEADER, "")
