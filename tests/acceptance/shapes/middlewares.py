"""Middleware of the application's own that opens a span around the request, added before and after `instrument()`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import nested, raw, span

family = Family()


async def around(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """What `@app.middleware("http")` decorates; the rest of the app runs in a task of its own."""
    with span("around"):
        return await call_next(request)


class Outermost:
    """Plain ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if not scope.get("path", "").startswith("/middlewares/"):
            await self.app(scope, receive, send)
            return
        with raw("outermost"):
            await self.app(scope, receive, send)


class Around:
    """`@app.middleware("http")` for this family only: Starlette's hides from the server that a stream has broken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.around = BaseHTTPMiddleware(app, dispatch=around)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_ours = scope.get("path", "").startswith("/middlewares/")
        await (self.around if is_ours else self.app)(scope, receive, send)


def add_before(app: FastAPI) -> None:
    """What the app has when `instrument()` is called."""
    app.add_middleware(Around)


def add_after(app: FastAPI) -> None:
    """What the app adds later, which Starlette puts outside of all that is there."""
    app.add_middleware(Outermost)


@family.route("GET /middlewares/handler > outermost > around > work > query")
async def handler() -> None:
    nested("work", "query")


async def steps() -> AsyncIterator[bytes]:
    for word in (b"one ", b"two"):
        nested("step", "query")
        yield word


@family.route("GET /middlewares/stream > outermost > around > [step > query, step > query]")
async def stream() -> StreamingResponse:
    return StreamingResponse(steps())


@family.route("GET /middlewares/background > outermost > around > [work, late > query]")
def background(tasks: BackgroundTasks) -> None:
    tasks.add_task(nested, "late", "query")
    with span("work"):
        pass


@family.route("GET /middlewares/failing! > outermost! > around! > work!", status=500, outcome="error", raises=True)
async def failing() -> None:
    with span("work"):
        raise RuntimeError("a handler fails under middleware, as this shape wants it")
