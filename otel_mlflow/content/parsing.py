"""Parses JSON so that other threads get their turn while a long document is read.

`json` parses a document in one call, which holds the interpreter to its end. A function of Python's is where the
interpreter may change threads; so a long document has its numbers, of which it can have most, read by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

_LONG = 16_384


def parse_json(text: str, members: Callable[[Sequence[tuple[str, Any]]], Any] | None = None) -> Any:
    """Parse a JSON document, NaN and the infinities as words; `members` makes an object of its members."""
    return _decoder(members, len(text) >= _LONG).decode(text)


@cache
def _decoder(members: Callable[[Sequence[tuple[str, Any]]], Any] | None, is_long: bool) -> json.JSONDecoder:
    if not is_long:
        return json.JSONDecoder(parse_constant=str, object_pairs_hook=members)
    return json.JSONDecoder(parse_constant=str, object_pairs_hook=members, parse_int=_whole, parse_float=_fraction)


def _whole(digits: str) -> int:
    return int(digits)


def _fraction(digits: str) -> float:
    return float(digits)
