"""JSON that MLflow's server can read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import Body, body_json, readable_json
from otel_mlflow.content.readable import MAX_DEPTH
from tests.unit.content.planted import REDACTOR


def depth_of(value: Any) -> int:
    """Count how many lists and objects are in each other."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, items), default=0) if isinstance(value, (dict, list)) else 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id": 12345678901234567890}', {"id": "12345678901234567890"}),
        ('{"id": 9223372036854775807}', {"id": 9223372036854775807}),
        ('{"id": -9223372036854775809}', {"id": "-9223372036854775809"}),
        ('{"x": 1e999}', {"x": "Infinity"}),
        ('{"x": NaN, "n": 12345678901234567890}', {"x": "NaN", "n": "12345678901234567890"}),
    ],
)
def test_numbers_that_the_server_cannot_read_are_texts(text: str, expected: Any) -> None:
    """The others stay numbers."""
    assert json.loads(readable_json(text)) == expected


def test_deep_nesting_becomes_a_text_that_says_so() -> None:
    """What is too deep is there as the text of its JSON."""
    text = '{"a":' * 60 + "7" + "}" * 60
    readable = json.loads(readable_json(text))
    assert depth_of(readable) == MAX_DEPTH
    assert f"[nested deeper than {MAX_DEPTH}]" in json.dumps(readable)
    assert '\\"a\\": 7' in json.dumps(readable)


def test_readable_document_stays_to_the_byte() -> None:
    """Also one with long digits in its texts' escapes, and many brackets beside each other."""
    text = json.dumps([[1], {"a": [2]}] * 100, indent=1)
    assert readable_json(text) == text


def test_body_is_readable() -> None:
    """A request's body goes the same way."""
    raw = b'{"order": {"id": 12345678901234567890}}'
    written = body_json(Body(raw, len(raw), 65_536), "application/json", REDACTOR, 65_536)
    assert json.loads(written) == {"order": {"id": "12345678901234567890"}}


def test_deeper_than_python_can_parse() -> None:
    """It is told as a text."""
    assert isinstance(json.loads(readable_json("[" * 100_000 + "]" * 100_000)), str)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(values, st.integers(0, 80))
def test_whatever_comes_can_be_read_back(value: Any, levels: int) -> None:
    """No number beyond 64 bits, no depth beyond the limit, and doing it twice changes nothing."""
    for _ in range(levels):
        value = [value]
    readable = readable_json(json.dumps(value))
    parsed = json.loads(readable, parse_constant=pytest.fail)
    assert depth_of(parsed) <= MAX_DEPTH
    assert readable_json(readable) == readable
