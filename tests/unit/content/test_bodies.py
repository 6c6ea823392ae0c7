"""What bodies become as inputs and outputs."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import Body, Redactor, body_json, body_value, request_value
from tests.unit.content.planted import REDACTOR, documents

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"
PARTS = (
    b'--XX\r\nContent-Disposition: form-data; name="message"\r\n\r\nmake slides\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="tag"\r\n\r\na\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="tag"\r\n\r\nb\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n1,2\r\n3\r\n"
    b"--XX--\r\n"
)


def whole(content: bytes | str) -> Body:
    """Answer a body of which nothing is missing."""
    raw = content.encode() if isinstance(content, str) else content
    return Body(raw, len(raw), 65_536)


def beginning(content: bytes | str, limit: int) -> Body:
    """Answer what a collector with this limit has of a body."""
    raw = content.encode() if isinstance(content, str) else content
    return Body(raw[:limit], len(raw), limit)


@pytest.mark.parametrize(
    ("content_type", "content", "expected"),
    [
        ("application/json", '{"a": [1, null]}', {"a": [1, None]}),
        ("application/json; charset=utf-8", '"é"', "é"),
        ("Application/Problem+JSON", "[1]", [1]),
        ("application/json", "\ufeff[1]", [1]),
        ("application/json; charset=utf-16", '{"é": 1}'.encode("utf-16"), {"é": 1}),
        ("application/json", "{not json", "{not json"),
        ("application/json", '{"x": NaN}', {"x": "NaN"}),
        ("text/plain", "héllo", "héllo"),
        ("text/html; charset=latin-1", "héllo".encode("latin-1"), "héllo"),
        ("text/plain; charset=nonsense", "héllo", "héllo"),
        ("text/plain", b"\xff\xfd", "��"),
        ("image/svg+xml", "<svg/>", "<svg/>"),
        ("application/xml", "<a/>", "<a/>"),
        ("image/png", b"\x89PNG", {"type": "image/png", "bytes": 4}),
        ("application/octet-stream", "text", {"type": "application/octet-stream", "bytes": 4}),
        ("", '{"a": 1}', {"a": 1}),
        ("", "hello", "hello"),
        ("", b"\x00\x01", {"type": "application/octet-stream", "bytes": 2}),
        (FORM, "a=1&b=x+y%21&b=z&c=", {"a": "1", "b": ["x y!", "z"], "c": ""}),
        ("application/x-ndjson", '{"a": 1}\n\n[2]\nthree\n', [{"a": 1}, [2], "three"]),
        ("application/json", "", None),
        ("image/png", b"", None),
    ],
)
def test_body_value(content_type: str, content: bytes | str, expected: object) -> None:
    """JSON is parsed, forms and lines too, text is text, and anything else its type and size."""
    assert body_value(whole(content), content_type) == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ('data: {"a": 1}\n\ndata: [DONE]\n\n', [{"a": 1}, "[DONE]"]),
        ("event: token\nid: 7\ndata: hel\ndata: lo\nretry: 5\n\n", ["hel\nlo"]),
        (": keep-alive\n\nevent: only\n\ndata:no space\n\n", ["no space"]),
        ("data: a\r\n\r\ndata: b\r\rdata: c", ["a", "b", "c"]),
        ("data\n\n", [""]),
    ],
)
def test_event_stream_is_the_list_of_its_payloads(stream: str, expected: list[Any]) -> None:
    """Read as the HTML standard says, with all three line ends; other fields and comments are left out."""
    assert body_value(whole(stream), "text/event-stream; charset=utf-8") == expected


def test_multipart_form() -> None:
    """Fields are texts, files are named and measured, a name that comes twice has a list."""
    assert body_value(whole(PARTS), MULTIPART) == {
        "message": "make slides",
        "tag": ["a", "b"],
        "file": {"filename": "a.csv", "type": "text/csv", "bytes": 6},
    }


def test_packed_body_is_unpacked() -> None:
    """A compressing middleware inside the app does not turn answers into sizes."""
    packed = whole(gzip.compress(b'{"a": 1}'))
    assert body_value(packed, "application/json", content_encoding="gzip") == {"a": 1}
    assert json.loads(body_json(packed, "application/json", REDACTOR, 1000, content_encoding="GZIP")) == {"a": 1}


def test_body_packed_in_another_way_is_its_size() -> None:
    """What cannot be unpacked is told by type and size."""
    assert body_value(whole(b"12345"), "text/plain", content_encoding="br") == {"type": "text/plain", "bytes": 5}


@pytest.mark.parametrize(
    ("content_type", "content", "limit", "expected"),
    [
        ("text/plain", "é" * 100, 51, "é" * 25 + " [cut: 149 of 200 bytes left out]"),
        ("application/json", json.dumps({"a": "x" * 100}), 64, {"a": "x" * 13 + " [cut: 89 of 109 bytes left out]"}),
        ("application/x-ndjson", "[1]\n[2]\n[3]\n", 9, [[1], [2], "[cut: 3 of 12 bytes left out]"]),
        ("text/event-stream", "data: 1\n\ndata: 2\n\n", 17, [1, "[cut: 1 of 18 bytes left out]"]),
        (FORM, "a=1&b=%C3%A9%C3%A9", 13, {"a": "1", "b": "é", "[cut]": "[cut: 5 of 18 bytes left out]"}),
        (MULTIPART, PARTS, 70, {"message": "make slides", "[cut]": "[cut: 220 of 290 bytes left out]"}),
        ("image/png", b"\x89PNG" * 100, 64, {"type": "image/png", "bytes": 400}),
    ],
)
def test_body_that_was_cut(content_type: str, content: bytes | str, limit: int, expected: object) -> None:
    """Its beginning is told in the same form, and how much is missing."""
    assert body_value(beginning(content, limit), content_type) == expected


def test_packed_body_that_was_cut() -> None:
    """Nobody knows how much is missing of what was not unpacked."""
    packed = gzip.compress(b"hello " * 10_000)
    body = Body(packed, len(packed), 11)
    assert body_value(body, "text/plain", content_encoding="gzip") == "hello hello [cut: the rest left out]"


@pytest.mark.parametrize("limit", range(1, 60))
@pytest.mark.parametrize(
    "secret", ["dapi0123456789abcdef0123456789abcdef", "Bearer abcdef0123", "https://me:abcdef0123@h"]
)
def test_beginning_of_a_token_does_not_get_out_by_being_cut(secret: str, limit: int) -> None:
    """A token cut in the middle has not its shape any more, and is left out for what it began as."""
    text = f"see here: {secret}"
    for content_type, content in {"text/plain": text, "application/json": json.dumps({"text": text})}.items():
        written = body_json(beginning(content, limit), content_type, REDACTOR, 1000)
        assert "01" not in written.partition("[cut")[0]
        assert "abc" not in written


@given(documents(), st.integers(64, 400))
def test_no_planted_secret_survives_in_a_body(planted: tuple[str, Any], limit: int) -> None:
    """Whole or cut, what is written is JSON, within the limit, and without the secret."""
    core, value = planted
    raw = json.dumps(value).encode()
    written = body_json(Body(raw[:limit], len(raw), limit), "application/json", REDACTOR, limit)
    json.loads(written)
    assert core not in written
    assert len(written.encode()) <= limit


def test_json_body_without_secrets_is_written_as_it_was_sent() -> None:
    """To the byte: not even its spaces are written anew."""
    text = '{ "total_tokens" : 57,\n  "x": 1.0 }'
    assert body_json(whole(text), "application/json", REDACTOR, 1000) == text


def test_body_that_only_says_it_is_json() -> None:
    """It is written as a text."""
    assert body_json(whole("{password=x"), "application/json", REDACTOR, 1000) == '"{password=[redacted]"'


def test_redaction_does_not_exceed_the_limit() -> None:
    """What is put in place of secrets may be longer than they were."""
    text = json.dumps([{"password": 1}] * 20)
    written = body_json(whole(text), "application/json", REDACTOR, len(text))
    assert len(written) <= len(text)
    assert json.loads(written)[:-1] == [{"password": "[redacted]"}] * (len(json.loads(written)) - 1)


def test_request_without_a_body() -> None:
    """Query and path parameters, each once or as a list."""
    asked = request_value(b"page=1&tag=a&tag=b&token=x&empty=", {"id": 7})
    assert asked == {
        "query": {"page": "1", "tag": ["a", "b"], "token": "x", "empty": ""},
        "path_params": {"id": 7},
    }
    assert Redactor.compile(["token"]).value(asked)["query"]["token"] == "[redacted]"
