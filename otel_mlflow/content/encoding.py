"""Encodes JSON so that other threads get their turn while a long value is written.

`json` encodes a value in one call, which holds the interpreter to its end; so a long list or object is encoded in
several, between which the work may rest. What lies deeper than long lists do is left to one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from otel_mlflow.pacing import paced

MANY = 1000
"""So many members and elements are encoded in one call."""

_DEEPEST = 4

Item = TypeVar("Item")


def encode_json(value: Any, **options: Any) -> str:
    """Encode what `json.dumps` does, with its options, to the same text."""
    return "".join(paced(_parts(value, _DEEPEST, options)))


def _parts(value: Any, depth: int, options: dict[str, Any]) -> Iterator[str]:
    if not depth or not _may_be_long(value):
        yield json.dumps(value, **options)
    elif isinstance(value, dict):
        yield from _between("{", _members(value, depth, options), "}", options)
    else:
        yield from _between("[", _elements(value, depth, options), "]", options)


def _between(begin: str, groups: Iterable[Iterable[str]], end: str, options: dict[str, Any]) -> Iterator[str]:
    yield begin
    for number, parts in enumerate(groups):
        if number:
            yield options.get("separators", (", ",))[0]
        yield from parts
    yield end


def _members(value: dict[Any, Any], depth: int, options: dict[str, Any]) -> Iterator[Iterable[str]]:
    sizes = map(_size, value.values())
    for members in _grouped(value.items(), sizes):
        if len(members) > 1:
            yield [json.dumps(dict(members), **options)[1:-1]]
        else:
            ((key, item),) = members
            yield chain([json.dumps({key: 0}, **options)[1:-2]], _parts(item, depth - 1, options))


def _elements(value: Collection[Any], depth: int, options: dict[str, Any]) -> Iterator[Iterable[str]]:
    for elements in _grouped(value, map(_size, value)):
        if len(elements) > 1:
            yield [json.dumps(elements, **options)[1:-1]]
        else:
            yield _parts(elements[0], depth - 1, options)


def _grouped(items: Iterable[Item], sizes: Iterable[int]) -> Iterator[list[Item]]:
    """As many at once as are encoded in one call; what is longer stands alone."""
    group: list[Item] = []
    room = MANY
    for item, size in zip(items, sizes, strict=True):
        if group and size > room:
            yield group
            group, room = [], MANY
        group.append(item)
        room -= size
    if group:
        yield group


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
