"""The response headers that name a caller's trace, also to a script in a browser on another origin."""

from __future__ import annotations

from collections.abc import Sequence

Header = tuple[bytes, bytes]

TRACE_ID = b"X-MLflow-Trace-Id"
REQUEST_ID = b"X-Request-ID"

_TRACE_ID, _REQUEST_ID = TRACE_ID.lower(), REQUEST_ID.lower()
_ALLOW_ORIGIN = b"access-control-allow-origin"
_ALLOW_METHODS = b"access-control-allow-methods"
_ALLOW_CREDENTIALS = b"access-control-allow-credentials"
_EXPOSE = b"access-control-expose-headers"


def with_ids(headers: Sequence[Header], *, trace_id: bytes, request_id: bytes) -> tuple[list[Header], str | None]:
    """The application's headers and ours. An `X-Request-ID` of its own stays as it is, and is the second answer."""
    extended = list(headers)
    names = {name.lower(): value for name, value in reversed(extended)}
    extended.append((_TRACE_ID, trace_id))
    own = names.get(_REQUEST_ID)
    if own is None:
        extended.append((_REQUEST_ID, request_id))
    # An answer to a preflight request has methods, and nothing that a script could read.
    if _ALLOW_ORIGIN in names and _ALLOW_METHODS not in names:
        _expose(extended)
    return extended, own.decode("latin-1") if own is not None else None


def _expose(headers: list[Header]) -> None:
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


def _allows_credentials(headers: Sequence[Header]) -> bool:
    """With credentials a star means a header of that name, and no longer all of them."""
    return any(name.lower() == _ALLOW_CREDENTIALS and value.strip() == b"true" for name, value in headers)
