"""Request headers, and which of their values are believed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Headers = dict[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 ._~:;/+=@-]{0,127}")
"""What an `X-Request-ID` of a caller's may be: it goes into a response header, a tag and a search field."""


class ContentType(NamedTuple):
    """The headers that say how a body is to be read."""

    type: str
    encoding: str


def read_content_type(headers: Headers) -> ContentType:
    """How a body with these headers is to be read."""
    return ContentType(
        headers.get(b"content-type", b"").decode("latin-1"), headers.get(b"content-encoding", b"").decode("latin-1")
    )


def read_request_id(headers: Headers) -> str | None:
    """The caller's `X-Request-ID`, None where there is none that can be believed."""
    value = headers.get(b"x-request-id", b"")
    return value.decode("latin-1") if _REQUEST_ID.fullmatch(value) else None


def encode_names(names: Iterable[str]) -> tuple[bytes, ...]:
    """Names of headers as ASGI has them."""
    return tuple(name.lower().encode("latin-1") for name in names)


def first_header(headers: Headers, names: Iterable[bytes]) -> str | None:
    """The value of the first of these headers that is not blank."""
    return next((value.decode("latin-1") for name in names if (value := headers.get(name, b"").strip())), None)
