"""Bodies of answers, written and compressed on the thread that worked them out: the event loop is the application's."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from otel_mlflow.content.encoding import encode_json

WORTH_COMPRESSING = 600
"""Bytes."""

LEVEL = 5
"""Of compression: 9 takes three times as long for 3 % less."""

_NOT_AT_ALL = re.compile(r"q\s*=\s*0(?:\.0*)?")

GZIP = 31
"""What zlib takes for the format of gzip."""


def json_body(content: Mapping[str, Any]) -> bytes:
    """An object as JSON, as starlette's `JSONResponse` writes it."""
    return encode_json(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def is_accepted(kind: str, header: str) -> bool:
    """Whether a client names a kind of answer, and not with `q=0`, which forbids it (RFC 9110, 12.4.2)."""
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if kind in name:
            return not any(map(_NOT_AT_ALL.fullmatch, parameters))
    return False


def compressed(response: Response, accepted_encodings: str) -> Response:
    """The response, compressed where the client takes that and it is worth it."""
    body = bytes(response.body)
    if is_accepted("gzip", accepted_encodings) and len(body) >= WORTH_COMPRESSING:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        response.body = compressor.compress(body) + compressor.flush()
        response.headers["Content-Length"] = str(len(response.body))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
