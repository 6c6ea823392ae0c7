"""The ASGI middleware: one call, one server span, one MLflow trace.

The middleware holds nothing of a request: what belongs to one is in a `ServerSpan`. Bytes, chunks and exceptions
pass through as they are; two response headers are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from otel_mlflow.errors import TracingSetupError

if TYPE_CHECKING:
    from otel_mlflow.tracing import Tracing

_IS_INSIDE = "otel_mlflow.traced"
"""Scope key: the request is inside this middleware already (a mounted application that is instrumented, too)."""


class TracingMiddleware:
    """Traces the requests and WebSocket connections of an ASGI 3 application."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        from otel_mlflow.asgi.tracer import MiddlewareTracer  # it imports MLflow

        self.app = app
        self.tracing = tracing
        self._tracer = MiddlewareTracer(tracing, app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, connection or lifespan."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket") or scope.get(_IS_INSIDE):
            await self.app(scope, receive, send)
            return
        request = self._tracer.begin(scope, is_new=_IS_INSIDE not in scope)
        scope[_IS_INSIDE] = True
        try:
            with request:
                await self.app(scope, request.receive(receive), request.send(send))
        finally:
            # Test clients and middleware that tries again may serve one scope several times.
            scope[_IS_INSIDE] = False

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self.tracing.start()
        except TracingSetupError as error:
            # An exception would tell the server that the application has no lifespan, and it would go on without.
            await receive()
            await send({"type": "lifespan.startup.failed", "message": f"TracingSetupError: {error}"})
            return
        await self.app(scope, receive, send)
