"""Values that user code hands over, of any type, as texts and mappings that are not too long to be kept."""

from __future__ import annotations

from itertools import islice
from typing import Any

from otel_mlflow.content import name_of, to_json, to_jsonable
from otel_mlflow.guard import attempt

MAX_TEXT = 8000
"""Characters of a tag, a param, a session or a user: more than MLflow's stores have room for."""

MAX_ITEMS = 10_000
"""Tags, params or metrics that are taken at once."""

MAX_CONTENT = 200_000
"""Bytes that are taken as inputs or outputs at least; `tracing.max_content_bytes` cuts when they are written."""

INVALID = "otel_mlflow.invalid"
"""The tag that says which value could not be taken, and why."""

_CONTAINERS = (list, tuple, dict, set, frozenset, bytes, bytearray)


def bounded_text(value: Any, most: int = MAX_TEXT) -> str:
    """Any value as a text that is not too long to be kept; where it has none, what it is.

    Of subclasses of `str` no method is called, and no property of an object: they may raise.
    """
    if issubclass(type(value), str):
        text = value
    elif type(value) in _CONTAINERS and len(value) > most:
        text = to_json(to_jsonable(value, most))
    else:
        text = attempt(str, value)
    return str.__str__(text)[:most] if issubclass(type(text), str) else _without_text(value, text)


def take_items(values: object) -> dict[Any, Any] | None:
    """Take the items of a mapping, no more than can be kept; None where it is none."""
    items = attempt(lambda: dict(islice(_pairs_of(values), MAX_ITEMS)))
    return items if type(items) is dict else None


def bounded_texts(values: object) -> dict[str, str] | None:
    """Take the items of a mapping as texts; None where it is none."""
    items = take_items(values)
    return None if items is None else {bounded_text(key): bounded_text(value) for key, value in items.items()}


def _pairs_of(values: Any) -> Any:
    return values if issubclass(type(values), (list, tuple)) else values.items()


def _without_text(value: object, error: object) -> str:
    return f"<{name_of(type(value))} that cannot be shown: {name_of(type(error))}>"
