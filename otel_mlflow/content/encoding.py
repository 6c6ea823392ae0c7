"""Encodes JSON so that other threads get their turn while a long value is written.

`json` encodes a value in one call, which holds the interpreter to its end; so a long list or object is encoded in
several. What lies deeper than long lists do is left to one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

MANY = 1000
"""So many members and elements are encoded in one call."""

_DEEPEST = 4


def encode_json(value: Any, **options: Any) -> str:
    """Encode what `json.dumps` does, with its options, to the same text."""
    return _encoded(value, _DEEPEST, options)


def _encoded(value: Any, depth: int, options: dict[str, Any]) -> str:
    if not depth or not _may_be_long(value):
        return json.dumps(value, **options)
    if isinstance(value, dict):
        return "{" + ", ".join(_members(value, depth, options)) + "}"
    return "[" + ", ".join(_elements(value, depth, options)) + "]"


def _members(value: dict[Any, Any], depth: int, options: dict[str, Any]) -> Iterator[str]:
    together: dict[Any, Any] = {}
    for key, item in value.items():
        if _size(item) < MANY and len(together) < MANY:
            together[key] = item
            continue
        if together:
            yield json.dumps(together, **options)[1:-1]
        together = {}
        yield json.dumps({key: 0}, **options)[1:-2] + _encoded(item, depth - 1, options)
    if together:
        yield json.dumps(together, **options)[1:-1]


def _elements(value: list[Any] | tuple[Any, ...], depth: int, options: dict[str, Any]) -> Iterator[str]:
    start = 0
    while start < len(value):
        end = start + 1
        size = _size(value[start])
        while end < len(value) and size < MANY:
            size += _size(value[end])
            end += 1
        if end == start + 1:
            yield _encoded(value[start], depth - 1, options)
        else:
            yield json.dumps(list(value[start:end]), **options)[1:-1]
        start = end


def _may_be_long(value: Any) -> bool:
    items = _items(value)
    return items is not None and (len(items) > MANY or sum(map(_size, items)) > MANY)


def _size(value: Any) -> int:
    """The members and elements of a value, and those of what it consists of; 1 for what has none."""
    items = _items(value)
    if items is None:
        return 1
    return 1 + len(items) + sum(len(item) for item in items if isinstance(item, (dict, list, tuple)))


def _items(value: Any) -> Collection[Any] | None:
    """What an object or a list consists of; None for what is neither."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else None
