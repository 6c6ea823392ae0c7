"""A long document is parsed as a short one is, and other threads get their turn meanwhile."""

from __future__ import annotations

import json
import sys
from types import FrameType

import pytest

from otel_mlflow.content import parsing
from otel_mlflow.content.parsing import parse_json

DOCUMENTS = ['{"a": [1, -2.5, 1e300, NaN, Infinity], "b": {"c": null}}', "[]", '"x"', "12345678901234567890123"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_long_and_short_are_parsed_alike(document: str) -> None:
    """Numbers, words for what is none, and everything else."""
    assert parse_json(f"[{document}]") == json.loads(f"[{document}]", parse_constant=str)
    assert parse_json(f"[{document}]" + " " * 20_000) == json.loads(f"[{document}]", parse_constant=str)


def test_members_are_made_by_the_function() -> None:
    """Of a long document as of a short one."""
    for space in ("", " " * 20_000):
        assert parse_json('{"a": 1, "a": 2}' + space, list) == [("a", 1), ("a", 2)]


def test_what_is_no_json_raises_value_error() -> None:
    """Long or short."""
    for space in ("", " " * 20_000):
        with pytest.raises(json.JSONDecodeError):
            parse_json('{"a": ' + space)


@pytest.mark.parametrize(("space", "least"), [("", 0), (" " * 20_000, 1000)])
def test_the_numbers_of_a_long_document_are_read_where_threads_may_change(space: str, least: int) -> None:
    """By a function of Python's, at whose beginning the interpreter looks whether another thread waits."""
    calls = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == parsing.__file__:
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        parse_json("[" + "1.5, 7, " * 500 + "1]" + space)
    finally:
        sys.setprofile(None)
    assert len(calls) > least
    assert bool(space) == ({"_whole", "_fraction"} <= set(calls))
