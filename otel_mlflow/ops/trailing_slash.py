"""The page lives below a path that ends with a slash, because its parts are found relative to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class TrailingSlash:
    """Redirects from the mount's path without its slash, relatively: a proxy may have other names for host and path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or pass on."""
        app = self._app
        if scope["type"] == "http" and scope["path"] in ("", scope.get("root_path", "")):
            app = RedirectResponse(_relative(Request(scope)))
        await app(scope, receive, send)


def _relative(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"./{request.url.path.rpartition('/')[2]}/{query}"
