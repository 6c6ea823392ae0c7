"""The headers that every answer of the dashboard has, errors and refusals included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import Message, Send

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; "
    "object-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing on the page comes from elsewhere, and nothing on it leads a form elsewhere."""

NOT_CACHED = "no-store"
REVALIDATED = "no-cache"


def with_security_headers(send: Send) -> Send:
    """`send`, with the headers on each answer; what has an entity tag may be kept and asked for again, all else not."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", REVALIDATED if "etag" in headers else NOT_CACHED)
        await send(message)

    return send_with_headers
