"""`ops.app(tracing)`: an ASGI application to be mounted anywhere."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from otel_mlflow.errors import ArgumentTypeError
from otel_mlflow.ops.authorizer import AuthorizedApp, Authorizer
from otel_mlflow.ops.bodies import WORTH_COMPRESSING
from otel_mlflow.ops.endpoints import PAGE, Endpoints
from otel_mlflow.ops.pseudonyms import pseudonyms_in
from otel_mlflow.ops.summary import Disclosure
from otel_mlflow.ops.trailing_slash import TrailingSlash

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from otel_mlflow.settings import Settings
    from otel_mlflow.tracing import Tracing


def app(
    tracing: Tracing,
    *,
    token: str | None = None,
    guard: Authorizer | None = None,
    show_users: bool = False,
    show_texts: bool = False,
) -> ASGIApp:
    """Make the dashboard of `tracing`: `GET /`, `/status`, `/metrics`, `/api/summary`, `/api/collectors`, `/doctor`.

    With `token` every path needs it (`Authorization: Bearer …`, or as the password of basic authentication); `guard`
    is asked for each request and may be `async`. Without either only this machine is served. Without `show_users`
    users have pseudonyms; without `show_texts` the texts that people gave as feedback are counted, not shown.

    Reads where the traces are, on threads of its own and with connections that write nothing. Raises `ValueError` for
    an empty or blank token, and `ArgumentTypeError` for what is no `Tracing`.
    """
    from otel_mlflow.tracing import Tracing  # it imports MLflow

    if not isinstance(tracing, Tracing):
        raise ArgumentTypeError("tracing", tracing, "what otel_mlflow.instrument() returns, or otel_mlflow.Tracing(…)")
    disclosure = functools.partial(_disclosure, tracing.settings, show_users=show_users, show_texts=show_texts)
    endpoints = Endpoints(tracing, disclosure, is_guarded=token is not None or guard is not None)
    routes = [
        Route("/", endpoints.page),
        Route("/status", endpoints.status),
        Route("/metrics", endpoints.metrics),
        Route("/api/summary", endpoints.summary),
        Route("/api/collectors", endpoints.collectors),
        Route("/doctor", endpoints.doctor),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    compressing = Middleware(GZipMiddleware, minimum_size=WORTH_COMPRESSING)
    inner = Starlette(routes=routes, middleware=[compressing], exception_handlers={HTTPException: refused})
    # They would name the host by which a proxy has found us.
    inner.router.redirect_slashes = False
    return AuthorizedApp(TrailingSlash(inner), token=token, authorizer=guard)


async def refused(_: Request, error: Exception) -> Response:
    """Say in JSON, as everywhere here, that there is no such path or method."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def _disclosure(settings: Settings, *, show_users: bool, show_texts: bool) -> Disclosure:
    return Disclosure(None if show_users else pseudonyms_in(state_folder(settings)), show_texts)


def state_folder(settings: Settings) -> Path:
    """Where the dashboard keeps what it knows, beside the spool."""
    return settings.delivery.spool_dir / "ops"
