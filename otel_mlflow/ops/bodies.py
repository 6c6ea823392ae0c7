"""Bodies of answers, written and compressed on the thread that worked them out: the event loop is the application's."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from otel_mlflow.pacing import rest_if_due

ROWS = 100
"""So many rows are encoded in one go, in which nobody else has the interpreter."""

WORTH_COMPRESSING = 600
"""Bytes."""

LEVEL = 5
"""Of compression: 9 takes three times as long for 3 % less."""

GZIP = 31
"""What zlib takes for the format of gzip."""


def json_body(content: Mapping[str, Any]) -> bytes:
    """An object as JSON, its lists row by row."""
    return b"{" + b",".join(f"{json.dumps(key)}:".encode() + _value(value) for key, value in content.items()) + b"}"


def compressed(response: Response, accepted_encodings: str) -> Response:
    """The response, compressed where the client takes that and it is worth it."""
    body = bytes(response.body)
    if "gzip" in accepted_encodings and len(body) >= WORTH_COMPRESSING:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        response.body = compressor.compress(body) + compressor.flush()
        response.headers["Content-Length"] = str(len(response.body))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _value(value: Any) -> bytes:
    return b"[" + b",".join(_slices(value)) + b"]" if isinstance(value, list) else _encoded(value)


def _slices(rows: Sequence[Any]) -> Iterator[bytes]:
    for start in range(0, len(rows), ROWS):
        yield _encoded(rows[start : start + ROWS])[1:-1]
        rest_if_due()


def _encoded(value: Any) -> bytes:
    """As starlette's `JSONResponse` does."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
