"""JSON that MLflow's server can read back.

One whole number of 2^63 or more, or JSON that is nested too deeply, in one span makes the server answer 500 for every
search of the experiment. So such numbers are written as texts, and what is nested deeper than `MAX_DEPTH` as
the text of its JSON, which says so.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

from otel_mlflow.content.cut import to_json

MAX_DEPTH = 24
"""Lists and objects in each other. The server's messages may be a hundred deep: each object takes three of them."""

_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1
_LONG_DIGITS = b"0" * 19
_HUGE_EXPONENT = re.compile(rb"0e[+]?000")
_DIGITS = bytes(ord("0") if chr(byte).isdigit() else byte for byte in range(256))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEP)
_CHUNK = 8192
_SHOWN_OF_DEEP = 2000


def readable_json(text: str) -> str:
    """Write a JSON document so that the server can read it back; one that it can is answered as it was."""
    if not may_be_unreadable(text):
        return text
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        return to_json(_deep(text))
    return to_json(readable_value(parsed))


def readable_value(value: Any, depth: int = 0) -> Any:
    """Make a value such that the server can read its JSON back."""
    if isinstance(value, (dict, list, tuple)):
        if depth >= MAX_DEPTH:
            return _deep(_written(value))
        if isinstance(value, dict):
            return {key: readable_value(item, depth + 1) for key, item in value.items()}
        return [readable_value(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not _LEAST_INTEGER <= value <= _GREATEST_INTEGER:
        return str(value) if value.bit_length() < _SHOWN_OF_DEEP else f"[whole number of {value.bit_length()} bits]"
    return value


def may_be_unreadable(text: str) -> bool:
    """Say quickly whether a document has such a number, or may be nested too deeply."""
    if "NaN" in text or "Infinity" in text:
        return True
    raw = text.encode("utf-8", "replace").translate(_DIGITS).lower() if not text.isalpha() else b""
    if _LONG_DIGITS in raw or (b"0e" in raw and _HUGE_EXPONENT.search(raw)):
        return True
    brackets = raw.translate(None, _NO_BRACKETS)
    return len(brackets) > MAX_DEPTH and _depth(brackets) > MAX_DEPTH


def _depth(brackets: bytes) -> int:
    deepest = depth = 0
    for start in range(0, len(brackets), _CHUNK):
        depths = list(accumulate((_STEP[bracket] for bracket in brackets[start : start + _CHUNK]), initial=depth))
        deepest, depth = max(deepest, max(depths)), depths[-1]
    return deepest


def _written(value: Any) -> str:
    try:
        return to_json(value)
    except RecursionError:
        return type(value).__name__


def _deep(text: str) -> str:
    shown = text if len(text) <= _SHOWN_OF_DEEP else text[:_SHOWN_OF_DEEP] + "…"
    return f"[nested deeper than {MAX_DEPTH}] {shown}"
