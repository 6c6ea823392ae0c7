"""The ASGI middleware: one call, one server span, one MLflow trace.

The middleware holds nothing of a request: what belongs to one is in a `ServerSpan`. Bytes, chunks and exceptions
pass through as they are; two response headers are added.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from otel_mlflow.asgi.lifespan import run_lifespan
from otel_mlflow.errors import ArgumentTypeError

if TYPE_CHECKING:
    from otel_mlflow.tracing import Tracing

_REQUEST = "otel_mlflow.request"
"""Scope key: the request's span while it is inside this middleware (which a mounted application may have, too)."""


class TracingMiddleware:
    """Traces the requests and WebSocket connections of an ASGI 3 application."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        from otel_mlflow.asgi.tracer import MiddlewareTracer  # it imports MLflow
        from otel_mlflow.tracing import Tracing

        if not isinstance(tracing, Tracing):
            raise ArgumentTypeError("tracing", tracing, "otel_mlflow.Tracing(…)")
        if not callable(app):
            raise ArgumentTypeError("app", app, "an ASGI application")
        self.app = app
        self.tracing = tracing
        self._tracer = MiddlewareTracer(tracing, app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, connection or lifespan."""
        if scope["type"] == "lifespan":
            await run_lifespan(self.app, self.tracing, scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket") or scope.get(_REQUEST) is not None:
            await self.app(scope, receive, send)
            return
        # What a router left in a scope that was served before is ours.
        endpoint_before = scope.get("endpoint") if _REQUEST not in scope else None
        scope[_REQUEST] = request = self._tracer.begin(scope, endpoint_before) or self._tracer.untraced
        try:
            inner_receive, inner_send = request.wrap(receive, send)
            with request:
                await self.app(scope, inner_receive, inner_send)
        finally:
            # Test clients and middleware that tries again may serve one scope several times.
            scope[_REQUEST] = None

    def __getstate__(self) -> dict[str, Any]:
        """What goes along where an application is pickled."""
        return {"app": self.app, "tracing": self.tracing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew, in another process perhaps."""
        self.__init__(state["app"], tracing=state["tracing"])  # type: ignore[misc]


class Outermost(ServerErrorMiddleware):
    """The kind of middleware that OpenTelemetry's FastAPI instrumentation expects outermost; does nothing."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class RoutedScope:
    """Stands before a router: middleware between us and it may hand it a copy of the scope, where the route is left."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Note the scope; the router's own coroutine is the answer."""
        note_routing(scope)
        return self.app(scope, receive, send)


def note_routing(scope: Scope) -> None:
    """Tell the request in which scope its framework is going to leave the route."""
    request = scope.get(_REQUEST)
    if request is not None:
        request.note_routing(scope)


def note_exception(scope: Scope, error: Exception) -> None:
    """Tell the request of an exception that its framework answers, so that it never gets here."""
    request = scope.get(_REQUEST)
    if request is not None:
        request.note_exception(error)
