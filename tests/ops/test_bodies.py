"""Bodies of answers: what a client reads, and where they are compressed."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from otel_mlflow.ops.bodies import GZIP, WORTH_COMPRESSING, compressed, json_body

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
ROW = st.dictionaries(st.text(), VALUES, max_size=3)


@given(st.dictionaries(st.text(), st.one_of(VALUES, ROW, st.lists(ROW, max_size=5))))
def test_a_body_is_the_object_as_json(content: dict[str, Any]) -> None:
    """Of any texts."""
    assert json.loads(json_body(content)) == content


@pytest.mark.parametrize(
    ("accepted", "size", "encoding"),
    [
        ("gzip, br", WORTH_COMPRESSING, "gzip"),
        ("br", WORTH_COMPRESSING, None),
        ("gzip;q=0, br", WORTH_COMPRESSING, None),
        ("br, gzip; q=0.5", WORTH_COMPRESSING, "gzip"),
        ("gzip", WORTH_COMPRESSING - 1, None),
    ],
)
def test_a_body_is_compressed_where_that_is_accepted_and_worth_it(
    accepted: str, size: int, encoding: str | None
) -> None:
    """With the length of what is sent; caches are told that it depends."""
    response = compressed(Response(b"x" * size), accepted)
    body = bytes(response.body)
    assert (zlib.decompress(body, GZIP) if encoding else body) == b"x" * size
    assert (response.headers.get("content-encoding"), response.headers["content-length"]) == (encoding, str(len(body)))
    assert response.headers["vary"] == "Accept-Encoding"
