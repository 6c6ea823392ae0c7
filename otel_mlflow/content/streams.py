"""A stream is looked at as a whole: a secret may come in pieces (`{"delta": "dapi"}`, `{"delta": "1234…"}`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from otel_mlflow.content.names import REDACTED
from otel_mlflow.content.redact import Redactor

_DEEPEST = 20


class _Piece(NamedTuple):
    """A text in an item of a stream, and where it stands."""

    holder: Any
    key: Any
    text: str


def redact_stream(items: list[Any], redactor: Redactor) -> list[Any]:
    """Replace the secrets of parsed items that are spread over several; changes the items themselves."""
    places: dict[tuple[Any, ...], list[_Piece]] = {}
    for index, item in enumerate(items):
        for path, piece in _pieces(items, index, item, ()):
            places.setdefault(path, []).append(piece)
    for pieces in places.values():
        texts = [piece.text for piece in pieces]
        for piece, redacted in zip(pieces, redact_pieces(texts, redactor), strict=True):
            if redacted != piece.text:
                piece.holder[piece.key] = redacted
    return items


def redact_pieces(pieces: Sequence[str], redactor: Redactor) -> list[str]:
    """Replace the secrets in the pieces of one text; of each, the first piece that has some of it says so."""
    if len(set(pieces)) < 2:
        return list(pieces)
    ranges = redactor.find("".join(pieces))
    if not ranges:
        return list(pieces)
    return list(_without(pieces, ranges))


def _without(pieces: Sequence[str], ranges: list[tuple[int, int]]) -> Iterator[str]:
    begin, place = 0, 0
    for piece in pieces:
        end, kept, done = begin + len(piece), [], begin
        while place < len(ranges) and ranges[place][0] < end:
            start, stop = ranges[place]
            kept.append(piece[done - begin : max(start, begin) - begin])
            kept.append(REDACTED if start >= begin else "")
            done = min(stop, end)
            if stop > end:
                break
            place += 1
        yield "".join(kept) + piece[done - begin :]
        begin = end


def _pieces(holder: Any, key: Any, value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], _Piece]]:
    if isinstance(value, str):
        yield path, _Piece(holder, key, value)
    elif len(path) < _DEEPEST and isinstance(value, dict):
        for name, item in value.items():
            yield from _pieces(value, name, item, (*path, name))
    elif len(path) < _DEEPEST and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _pieces(value, place, item, (*path, place))
