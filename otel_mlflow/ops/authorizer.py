"""Who may see the dashboard.

Cases, in this order:

1. an address that has brought too many wrong tokens → 429
2. a token is configured and the request does not bring it → 401
3. an authorizer is configured and refuses → 401, or the `HTTPException` that it raises
4. neither is configured and the request does not come from this machine → 403
5. all else is served
"""

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

from otel_mlflow.ops.attempts import FailedAttempts
from otel_mlflow.ops.local_requests import is_local
from otel_mlflow.ops.security_headers import with_security_headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

Authorizer = Callable[[Request], "bool | Awaitable[bool]"]
"""Answers whether the request may go on. May raise Starlette's or FastAPI's `HTTPException` instead."""

CHALLENGE = 'Basic realm="otel-mlflow ops", charset="UTF-8"'
"""With this, browsers ask for the token: as the password, under any user name (RFC 7617)."""

TOKEN_NEEDED = "the dashboard needs a token: `Authorization: Bearer …`, or as the password in a browser"  # noqa: S105
LOCAL_ONLY = {
    "detail": "without a token or a guard the dashboard serves this machine alone",
    "fix": "make it with ops.app(tracing, token=…) or guard=…",
}


class AuthorizedApp:
    """Lets through only who brings the token, and whom the authorizer accepts; every answer has the same headers."""

    def __init__(self, app: ASGIApp, *, token: str | None, authorizer: Authorizer | None) -> None:
        self._app = app
        self._token = checked_token(token)
        self._authorizer = authorizer
        self._attempts = FailedAttempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 401, 403 or 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(Request(scope, receive))
        await (refusal or self._app)(scope, receive, with_security_headers(send))

    async def _refusal(self, request: Request) -> Response | None:
        if self._token is None and self._authorizer is None:
            return None if is_local(request) else JSONResponse(LOCAL_ONLY, 403)
        return self._refusal_by_token(request) or await self._refusal_by_authorizer(request)

    def _refusal_by_token(self, request: Request) -> Response | None:
        if self._token is None:
            return None
        address = request.client.host if request.client else ""
        if wait := self._attempts.seconds_to_wait(address):
            detail = f"too many wrong tokens from this address; try again in {wait} s"
            return JSONResponse({"detail": detail}, 429, headers={"Retry-After": str(wait)})
        given = token_from(request)
        if given and _is_same(given, self._token):
            return None
        if given:
            self._attempts.add(address)
        return _unauthorized()

    async def _refusal_by_authorizer(self, request: Request) -> Response | None:
        if self._authorizer is None:
            return None
        try:
            verdict = self._authorizer(request)
            is_allowed = await verdict if inspect.isawaitable(verdict) else verdict
        except HTTPException as error:
            return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)
        return None if is_allowed else _unauthorized()


def checked_token(token: object) -> str | None:
    """The token without the spaces around it. Raises `ValueError` where nothing is left: everybody would bring that."""
    if token is None:
        return None
    if not isinstance(token, str):
        raise ValueError(f"ops.app: token is a {type(token).__name__}; expected a text that is the secret")
    if not token.strip():
        raise ValueError("ops.app: token is empty or blank; expected a secret (or None, and then a guard or loopback)")
    return token.strip()


def token_from(request: HTTPConnection) -> str:
    """The token that the request brings, as a bearer token or as the password of basic authentication."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _as_sent(value).strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2].strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _as_sent(value: str) -> str:
    """A header's bytes are text in UTF-8 where they can be: ASGI servers read each as a character of its own."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _unauthorized() -> Response:
    return JSONResponse({"detail": TOKEN_NEEDED}, 401, headers={"WWW-Authenticate": CHALLENGE})


def _is_same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())
