"""The beginning of a body, and what it was before it was packed."""

from __future__ import annotations

import zlib
from typing import NamedTuple

ANY_ZLIB_HEADER = 47
NO_ZLIB_HEADER = -15


class Body(NamedTuple):
    """The beginning of a body. `total` is the size of the whole in bytes, None when nobody knows."""

    kept: bytes
    total: int | None
    limit: int

    @property
    def is_cut(self) -> bool:
        """Whether the body was longer than what was kept of it."""
        return self.total != len(self.kept)


def inflate(body: Body, encoding: str) -> Body | None:
    """Undo a content encoding, no further than the body's limit; None when it is not one of zlib's."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return None
    headers = (ANY_ZLIB_HEADER,) if encoding != "deflate" else (ANY_ZLIB_HEADER, NO_ZLIB_HEADER)
    return next((inflated for header in headers if (inflated := _inflate(body, header))), None)


def _inflate(body: Body, header: int) -> Body | None:
    stream = zlib.decompressobj(header)
    try:
        kept = stream.decompress(body.kept, body.limit)
    except zlib.error:
        return None
    return Body(kept, len(kept) if stream.eof else None, body.limit)
