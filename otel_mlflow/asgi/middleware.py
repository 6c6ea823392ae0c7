"""The ASGI middleware: one call, one server span, one MLflow trace.

The middleware holds nothing of a request: what belongs to one is in a `ServerSpan`. Bytes, chunks and exceptions
pass through as they are; two response headers are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from otel_mlflow.asgi.lifespan import run_lifespan

if TYPE_CHECKING:
    from otel_mlflow.tracing import Tracing

_SEEN = "otel_mlflow.traced"
"""Scope key: the request has met this middleware already (a mounted application that is instrumented, too)."""


class TracingMiddleware:
    """Traces the requests and WebSocket connections of an ASGI 3 application."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        from otel_mlflow.asgi.server_span import MiddlewareTracer  # it imports MLflow

        self.app = app
        self.tracing = tracing
        self._requests = MiddlewareTracer(tracing, app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, connection or lifespan."""
        if scope["type"] == "lifespan":
            await run_lifespan(self.app, self.tracing, scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket") or _SEEN in scope:
            await self.app(scope, receive, send)
            return
        scope[_SEEN] = True
        with self._requests.begin(scope) as request:
            if request is None:
                await self.app(scope, receive, send)
            else:
                await self.app(scope, request.receive(receive), request.send(send))
