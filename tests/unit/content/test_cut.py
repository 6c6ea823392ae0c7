"""What is too long is cut, stays valid, and says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import cut_json, cut_text, to_json
from otel_mlflow.content.cut import close_json

limits = st.integers(2, 300)
texts = st.text(st.sampled_from('ab"\\\n\u0001é😀\ud83d '), max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=30,
)
layouts = st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}, {"separators": (",", ":")}])
NOTE = r"\[cut: \d+ of \d+ bytes left out\]"


@given(values, layouts, limits)
def test_cut_json_is_json_within_the_limit(value: Any, layout: dict[str, Any], limit: int) -> None:
    """Wherever the limit falls: in a string, in an escape, in a key, in a number, between two."""
    text = json.dumps(value, **layout).encode("utf-8", "replace").decode()
    cut = cut_json(text, limit)
    json.loads(cut)
    assert len(cut.encode()) <= limit
    assert cut == text if len(text.encode()) <= limit else limit < 80 or "[cut: " in cut


@given(values, st.floats(0, 1), limits)
def test_beginning_of_a_document_can_be_closed_anywhere(value: Any, share: float, limit: int) -> None:
    """A body that was cut while it streamed becomes JSON again."""
    text = json.dumps(value)
    closed = close_json(text[: int(len(text) * share)], limit, len(text))
    json.loads(closed)
    assert len(closed.encode()) <= limit


@given(st.text(), limits)
def test_cut_json_makes_json_of_anything(text: str, limit: int) -> None:
    """A text that is too long and is no JSON becomes a JSON string of its beginning."""
    cut = cut_json(text, limit)
    assert len(cut.encode("utf-8", "replace")) <= limit
    if cut != text:
        json.loads(cut)


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 100))
def test_cut_text_ends_with_a_whole_character(text: str, limit: int) -> None:
    """Within the limit, and a beginning of what it was."""
    cut = cut_text(text, limit)
    assert len(cut.encode()) <= limit
    assert text.startswith(cut.partition(" [cut: ")[0]) or cut == text


@given(values, limits)
def test_cutting_twice_changes_nothing(value: Any, limit: int) -> None:
    """What was cut is short enough."""
    once = cut_json(to_json(value), limit)
    assert cut_json(once, limit) == once


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        (json.dumps("x" * 100), 60, '"xxxxxxxxxxxxxxxx [cut: 85 of 102 bytes left out]"'),
        (json.dumps(["a", "x" * 100]), 70, '["a", "xxxxxxxxxxxxxxxxxxx [cut: 83 of 109 bytes left out]"]'),
        (json.dumps([1, [2, 3], ["é"] * 100]), 70, '[1, [2, 3], ["\\u00e9","[cut: 992 of 1013 bytes left out]"]]'),
        (json.dumps({"key": {"x" * 100: 1}}), 70, '{"key": {"[cut]":"[cut: 107 of 116 bytes left out]"}}'),
        ("1" * 100, 50, '"111111111111111 [cut: 85 of 100 bytes left out]"'),
        ("hello " * 100, 60, '"hello hello hello hello h [cut: 575 of 600 bytes left out]"'),
        (json.dumps("é" * 100, ensure_ascii=False), 60, '"éééééééé [cut: 185 of 202 bytes left out]"'),
        ("[" * 100, 10, '""'),
    ],
)  # fmt: skip
def test_cut_where_the_document_grows_too_long(text: str, limit: int, expected: str) -> None:
    """What was there before stays in its place; the note stands where the rest was."""
    assert cut_json(text, limit) == expected


def test_cut_text_says_how_much_is_missing() -> None:
    """The note counts bytes of UTF-8."""
    assert cut_text("é" * 100, 50) == "éééééééé [cut: 184 of 200 bytes left out]"


def test_short_content_is_left_alone() -> None:
    """Nothing is written anew that fits."""
    assert cut_json("not { json", 10) == "not { json"
    assert cut_text("é", 2) == "é"


@given(values)
def test_to_json_writes_json_that_anybody_can_read(value: Any) -> None:
    """No NaN, which is not JSON, and no lone surrogate, which is not UTF-8."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(to_json(value).encode().decode(), parse_constant=refuse)


def test_to_json_keeps_letters() -> None:
    """Text in any language stays readable, and takes no more room than it has to."""
    assert to_json({"é": "日本"}) == '{"é": "日本"}'
    assert to_json([float("nan"), float("-inf"), {1}]) == '["NaN", "-Infinity", "{1}"]'


@pytest.mark.parametrize(
    "text", ["[" * 400_000, '"' + "\\" * 400_001, '[{"a":' * 100_000, '["' * 200_000, '{"a' * 200_000]
)
def test_hostile_document_is_done_with(text: str) -> None:
    """No body stops the process: at this length, work that grew with the square of it would never end."""
    json.loads(cut_json(text, 390_000))
