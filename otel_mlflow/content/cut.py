"""Content that is too long is cut so that it stays valid, and says how much is missing.

JSON is cut where its text grows too long: the strings, lists and objects that are open at that place are closed.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from otel_mlflow.content.encoding import encode_json
from otel_mlflow.content.tokens import without_begun_token

NOTE_KEY = "[cut]"

# Strings, whole or open at the end, and brackets: all that decides what is open at a place.
_STRUCTURE = re.compile(rb'"(?:[^"\\]+|\\(?:.|\Z))*(?P<end>"|\Z)|[\[\]{}]', re.DOTALL)
# The longest beginning of a string's inside that does not end in the middle of an escape or of a surrogate pair.
_WHOLE_ESCAPES = re.compile(rb'(?:[^"\\]+|\\u(?!(?i:d[89ab])..\Z)[0-9a-fA-F]{4}|\\[^u])*', re.DOTALL)
_CLOSER = {b"{": b"}", b"[": b"]"}


def to_json(value: Any) -> str:
    """Write JSON that can be encoded as UTF-8 and read by anybody: no lone surrogates, no NaN.

    Models of Pydantic's and dataclasses are objects; what else JSON does not know is written as `str()` has it.
    """
    try:
        text = encode_json(value, ensure_ascii=False, allow_nan=False, default=_plain)
        text.encode()
    except UnicodeEncodeError:
        return encode_json(value, allow_nan=False, default=_plain)
    except ValueError:
        # NaN and the infinities become the words for them.
        return to_json(json.loads(json.dumps(value, default=_plain), parse_constant=str))
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return str(value)
    if callable(getattr(type(value), "model_dump", None)):  # a mock has every attribute, but not its type
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)


def note(left_out: int, total: int | None) -> str:
    """Say how much is missing; `total` None means that nobody knows how much there was."""
    return f"[cut: {left_out} of {total} bytes left out]" if total is not None else "[cut: the rest left out]"


def cut_text(text: str, max_bytes: int) -> str:
    """Cut a text to at most `max_bytes` of UTF-8, with a note at its end."""
    total = size(text)
    if total <= max_bytes:
        return text
    kept = head(text, max_bytes - len(note(total, total)) - 1)
    noted = f"{kept} {note(total - size(kept), total)}"
    return noted if size(noted) <= max_bytes else head(text, max_bytes)


def cut_json(text: str, max_bytes: int) -> str:
    """Cut a JSON document to at most `max_bytes` (2 or more) of UTF-8; what comes out is JSON.

    A text that is too long and is not JSON becomes a JSON string of its beginning.
    """
    total = size(text)
    return text if total <= max_bytes else close_json(text, max_bytes, total)


def close_json(text: str, max_bytes: int, total: int | None) -> str:
    """Make a document of at most `max_bytes` from the beginning of one that has, or had, `total` bytes."""
    room = max_bytes - len(_member(b"{", _note_after(b"", total)))
    closed = _closed(text.encode("utf-8", "replace"), room, total)
    return closed if _is_json(closed) else _quoted(text, max_bytes, total)


def cut_before_search(text: str, max_bytes: int) -> str:
    """Cut a text of any length to about `max_bytes`, before it is searched; a secret that the cut split is left out.

    The length of the whole is only said where it is known without reading all of it.
    """
    if len(text) <= max_bytes:
        return text
    kept = without_begun_token(text[:max_bytes])
    total = len(text) if text.isascii() else None
    if kept[:1] in ("{", "["):
        return close_json(kept, max_bytes, total)
    return f"{kept} {note(len(text) - len(kept), total)}"


def size(text: str) -> int:
    """Count the UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def head(text: str, max_bytes: int) -> str:
    """Keep as many whole characters as fit."""
    return text.encode("utf-8", "replace")[: max(max_bytes, 0)].decode("utf-8", "ignore")


def _quoted(text: str, max_bytes: int, total: int | None) -> str:
    """Write the beginning of what cannot be closed as a string: not JSON, one endless number, or too deep."""
    room = max_bytes - len(f'" {note(total or 0, total)}"')
    if room < 0:
        return '""'
    kept = head(text, room)
    while (length := size(to_json(kept)) - len('""')) > room:
        kept = head(kept, size(kept) * room // length)
    return to_json(f"{kept} {note((total or 0) - size(kept), total)}")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class _Place(NamedTuple):
    """Where a document is cut: what is kept, the brackets open there, and the last string or bracket begun."""

    kept: bytes
    opened: list[bytes]
    last: re.Match[bytes] | None


def _place(raw: bytes, room: int) -> _Place:
    """Go as far as what is kept and the closing of what it opens fit into `room` bytes together."""
    opened: list[bytes] = []
    last, end = None, room
    for token in _STRUCTURE.finditer(raw, 0, max(room, 0)):
        opens, closes = token[0] in _CLOSER, token[0] in _CLOSER.values()
        if token.end() + len(opened) + 1 > room and (opens or token.start() + len(opened) >= room):
            end = token.start()
            break
        if opens:
            opened.append(token[0])
        elif closes and opened:
            opened.pop()
        last = token
    return _Place(raw[: max(min(end, room - len(opened)), 0)], opened, last)


def _closed(raw: bytes, room: int, total: int | None) -> str:
    """Keep the beginning, put in the note, close what is open; "" if no string, list or object is."""
    kept, opened, last = _place(raw, room)
    if last is None:
        return ""
    is_value = not opened or opened[-1] == b"[" or kept[: last.start()].rstrip().endswith(b":")
    is_inside = last[0].startswith(b'"') and (last.end() > len(kept) or not last["end"])
    if is_inside and is_value:
        closed = _in_string(kept, last.start(), total)
    elif opened:
        closed = _in_container(_whole_members(kept, last, is_value), opened[-1], total)
    else:
        return ""
    closers = b"".join(_CLOSER[bracket] for bracket in reversed(opened))
    return (closed + closers).decode("utf-8", "ignore")


def _in_string(kept: bytes, start: int, total: int | None) -> bytes:
    whole = _WHOLE_ESCAPES.match(kept, start + 1)
    kept = kept[: whole.end()] if whole else kept
    return kept + b" " + _note_after(kept, total) + b'"'


def _whole_members(kept: bytes, last: re.Match[bytes], is_value: bool) -> bytes:
    """Leave out a member that is not there as a whole."""
    comma = kept.rfind(b",", last.end())
    if comma >= 0:
        return kept[:comma]
    if last[0].startswith(b'"') and not is_value:
        return kept[: last.start()].rstrip().removesuffix(b",")
    return kept[: last.end()]


def _in_container(kept: bytes, bracket: bytes, total: int | None) -> bytes:
    member = _member(bracket, _note_after(kept, total))
    return kept + (member.removeprefix(b",") if kept.endswith(bracket) else member)


def _member(bracket: bytes, words: bytes) -> bytes:
    key = f'"{NOTE_KEY}":'.encode() if bracket == b"{" else b""
    return b"," + key + b'"' + words + b'"'


def _note_after(kept: bytes, total: int | None) -> bytes:
    return note(max((total or 0) - len(kept), 0), total).encode()
