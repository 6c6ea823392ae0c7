"""Long values are encoded in several calls, to the same text as in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content.encoding import MANY, encode_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = st.text() | st.integers() | st.none()
SHORT = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
LONG = {
    "numbers": [1.5] * 16_000,
    "rows": [{"id": number, "price": 0.5} for number in range(2500)],
    "a list in an object": {"data": [1] * 32_000, "more": 1},
    "empty lists": [[] for _ in range(20_000)],
    "members": {str(number): number for number in range(7000)},
    "lists of lists": {"a": [[1] * 900 for _ in range(30)], "b": ([2] * 3000,)},
    "a list behind a short one": [[1], [2] * 5000],
    "objects in an object": {str(number): {"a": [0] * 900} for number in range(20)},
}


OPTIONS: list[dict[str, Any]] = [{"ensure_ascii": False}, {"separators": (",", ":")}]


@given(value=SHORT, many=st.integers(0, 3 * MANY), as_member=st.booleans(), options=st.sampled_from(OPTIONS))
def test_the_text_is_json_s(value: Any, many: int, as_member: bool, options: dict[str, Any]) -> None:
    """Whatever the value is, and wherever in it the long list stands."""
    long = [value] * (many // 10) + [0] * many
    whole = {"first": value, "long": long, "last": value} if as_member else [value, long, value]
    assert encode_json(whole, **options) == json.dumps(whole, **options)


@pytest.mark.parametrize("value", LONG.values(), ids=LONG)
def test_no_call_encodes_many(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most `MANY` members and elements, and those of one more."""
    expected, encode = json.dumps(value), json.dumps
    texts: list[str] = []

    def noting(*given: Any, **options: Any) -> str:
        texts.append(encode(*given, **options))
        return texts[-1]

    monkeypatch.setattr(json, "dumps", noting)
    assert encode_json(value) == expected
    assert max(text.count(",") for text in texts) < 2 * MANY + 2


def test_what_refers_to_itself_is_refused() -> None:
    """As `json` does."""
    value: list[Any] = [0] * (2 * MANY)
    value.append(value)
    with pytest.raises(ValueError, match="Circular"):
        encode_json(value)


def test_what_json_does_not_know_is_written_by_the_default() -> None:
    """In every part."""
    assert encode_json([1j] * (2 * MANY), default=str) == json.dumps(["1j"] * (2 * MANY))
