"""Who may see the dashboard."""

from __future__ import annotations

import base64
import binascii
import inspect
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

Guard = Callable[[Request], "bool | Awaitable[bool]"]
"""Answers whether the request may go on. May raise Starlette's or FastAPI's `HTTPException` instead."""

CHALLENGE = 'Basic realm="otel-mlflow ops", charset="UTF-8"'
"""With this, browsers ask for the token: as the password, under any user name (RFC 7617)."""

HOW_TO_ENTER = "the dashboard needs a token: `Authorization: Bearer …`, or as the password in a browser"


class Guarded:
    """Lets through only who brings the token, and whom the guard accepts."""

    def __init__(self, app: ASGIApp, *, token: str | None, guard: Guard | None) -> None:
        self._app = app
        self._token = token
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 401."""
        refusal = await self._refusal(Request(scope, receive)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        try:
            if await self._admits(request):
                return None
        except HTTPException as error:
            return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)
        return JSONResponse({"detail": HOW_TO_ENTER}, 401, headers={"WWW-Authenticate": CHALLENGE})

    async def _admits(self, request: Request) -> bool:
        if self._token is not None and not _is_same(token_of(request), self._token):
            return False
        if self._guard is None:
            return True
        verdict = self._guard(request)
        return bool(await verdict if inspect.isawaitable(verdict) else verdict)


def token_of(request: HTTPConnection) -> str:
    """The token that the request brings, as a bearer token or as the password of basic authentication."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _is_same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())
