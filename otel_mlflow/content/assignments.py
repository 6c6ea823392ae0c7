"""Secrets that are known by the name in front of them, in a text that is not JSON.

`password=…`, `X-Api-Key: …`, `{'token': '…'}` as Python writes it, `('cookie', '…')`, JSON that broke off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from otel_mlflow.content.names import REDACTED, name_in_text

_QUOTE = re.compile(r"""b?(\\*["'])""")
_BARE = re.compile(
    rf"""(?:(?:bearer|basic|digest|negotiate|token)\s+)?(?:{re.escape(REDACTED)}|[^\s,;&"'<>}}\])]*)""", re.IGNORECASE
)
_LINE = re.compile(r"[^\r\n]*")
# A quotation that does not end goes on to the end.
_NESTING = re.compile(r""""(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[\[{}\]]""", re.DOTALL)
# Their values hold spaces and semicolons.
_FILLS_LINE = re.compile("cookie|authorization", re.IGNORECASE)


def assignment(entries: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern for a name that holds a secret, up to where its value begins."""
    operator = r"""(?:[\s\]]|%(?:25)*5d){0,8}(?:\\*["'])?\s{0,8}(?:=>|[:=])\s*"""
    in_pair = r"""\]{0,8}\\*["']\s*,\s*(?:\\*["']value\\*["']\s*:\s*)?(?=b?\\*["'])"""
    return re.compile(f"(?P<name>{name_in_text(entries)})(?:{operator}|{in_pair})", re.IGNORECASE)


def hide_assigned(text: str, assigned: re.Pattern[str]) -> str:
    """Replace the values of such names."""
    parts: list[str] = []
    done = 0
    while found := assigned.search(text, done):
        start, end = _value(text, found)
        parts += (text[done:start], REDACTED if end > start else "")
        done = end
    return "".join(parts) + text[done:] if parts else text


def _value(text: str, found: re.Match[str]) -> tuple[int, int]:
    """Find where the value begins and ends, its quotes left out. When in doubt it is rather too long."""
    start = found.end()
    if quote := _QUOTE.match(text, start):
        closing = re.compile(rf"(?<!\\){re.escape(quote[1])}").search(text, quote.end())
        return quote.end(), closing.start() if closing else len(text)
    if text[start : start + 1] in ("{", "["):
        return start, _end_of_nesting(text, start)
    bare = (_LINE if _FILLS_LINE.search(found["name"]) else _BARE).match(text, start)
    return start, bare.end() if bare else start


def _end_of_nesting(text: str, start: int) -> int:
    depth = 0
    for mark in _NESTING.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
    return len(text)
