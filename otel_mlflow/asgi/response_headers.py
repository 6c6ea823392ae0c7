"""The response headers that tell a caller of its trace, also a script in a browser on another origin."""

from __future__ import annotations

from collections.abc import Iterable

HeaderList = list[tuple[bytes, bytes]]

TRACE_ID = b"X-MLflow-Trace-Id"
REQUEST_ID = b"X-Request-ID"

_ALLOW_ORIGIN = b"access-control-allow-origin"
_ALLOW_METHODS = b"access-control-allow-methods"
_ALLOW_CREDENTIALS = b"access-control-allow-credentials"
_EXPOSE = b"access-control-expose-headers"


def with_ids(headers: Iterable[tuple[bytes, bytes]], *, trace_id: bytes, request_id: bytes) -> HeaderList:
    """The application's headers and ours. An `X-Request-ID` of its own stays as it is."""
    told = list(headers)
    names = {name.lower() for name, _ in told}
    told.append((TRACE_ID.lower(), trace_id))
    if REQUEST_ID.lower() not in names:
        told.append((REQUEST_ID.lower(), request_id))
    # An answer to a preflight request has methods, and nothing that a script could read.
    if _ALLOW_ORIGIN in names and _ALLOW_METHODS not in names:
        _expose(told)
    return told


def _expose(headers: HeaderList) -> None:
    """Let scripts on other origins read our headers too (Fetch standard, "CORS protocol and HTTP headers")."""
    exposed = {word.strip().lower() for name, value in headers if name.lower() == _EXPOSE for word in value.split(b",")}
    if b"*" in exposed and not _allows_credentials(headers):
        return
    ours = b", ".join(name for name in (TRACE_ID, REQUEST_ID) if name.lower() not in exposed)
    if not ours:
        return
    for index, (name, value) in enumerate(headers):
        if name.lower() == _EXPOSE:
            headers[index] = name, b", ".join(filter(None, (value.strip(), ours)))
            return
    headers.append((_EXPOSE, ours))


def _allows_credentials(headers: HeaderList) -> bool:
    """With credentials a star means a header of that name, and no longer all of them."""
    return any(name.lower() == _ALLOW_CREDENTIALS and value.strip() == b"true" for name, value in headers)
