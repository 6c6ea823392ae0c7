"""Bytes become text by codecs of text alone."""

from __future__ import annotations

import bz2
import codecs
import encodings.aliases
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import Body, body_value
from otel_mlflow.content.charsets import decode_json, decode_text

TEXT = "héllo"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-16", "utf-32", "latin-1", "windows-1252", "iso-8859-15"])
def test_charsets_of_text(charset: str) -> None:
    """As the header says."""
    assert decode_text(TEXT.encode(charset), charset) == TEXT


@pytest.mark.parametrize(
    "charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_json_is_read_as_its_bytes_show(charset: str) -> None:
    """Whatever the header says: so does `json.loads`, and with it every framework."""
    assert decode_json('{"a": 1}'.encode(charset), "utf-8") == '{"a": 1}'


@pytest.mark.parametrize(
    "charset", ["bz2", "zlib", "hex", "rot13", "punycode", "idna", "uu", "base64", "quopri", "undefined"]
)
def test_other_codecs_are_not_asked(charset: str) -> None:
    """A kilobyte stays one: compressed or encoded text is read as UTF-8, with replacement characters."""
    raw = {"bz2": bz2.compress(b"a" * 100_000), "zlib": zlib.compress(b"a" * 100_000)}.get(charset, b"61" * 1000)
    text = body_value(Body(raw, len(raw), 65_536), f"text/plain; charset={charset}")
    assert isinstance(text, str)
    assert len(text) <= len(raw)


@given(st.binary(max_size=200), st.sampled_from([*encodings.aliases.aliases, "no such thing", "\x00", "x" * 500]))
def test_any_bytes_in_any_charset(raw: bytes, charset: str) -> None:
    """It never raises, and no text grows longer than its bytes allow."""
    for decode in (decode_text, decode_json):
        for is_whole in (True, False):
            assert len(decode(raw, charset, is_whole=is_whole)) <= len(raw) + 1


def test_byte_order_mark_is_believed() -> None:
    """It is no part of the text."""
    assert decode_text(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-8") == TEXT
