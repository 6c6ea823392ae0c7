"""Every request has an id: the caller's `X-Request-ID`, or one made here. Errors name it, the trace carries it."""

from __future__ import annotations

import uuid

from fastapi import FastAPI, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

HEADER = "x-request-id"


class IdentifiedApp(FastAPI):
    """FastAPI that gives each request an id before any middleware sees it: the tracing takes it from the header."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the header where it is missing, to the request and to the response."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        identity = given or uuid.uuid4().hex
        headers = scope["headers"] if given else [*scope["headers"], (HEADER.encode(), identity.encode())]

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, identity)
            await send(message)

        await super().__call__({**scope, "headers": headers}, receive, send_with_id)


def request_id(request: Request) -> str:
    """The id of a request."""
    return request.headers[HEADER]
