"""Columns of a block: arrays of numbers or of texts, and how they are written down."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = Mapping[str, Array]
Encoded = tuple[str, int, bytes]
"""Kind, length and data of a column."""

TEXT = "text"
NARROW = (np.int8, np.int16, np.int32)


def texts(values: Iterable[str | None]) -> Array:
    """A column of texts."""
    return np.array(list(values), dtype=object)


def encode(column: Array) -> Encoded:
    """Write a column down: whole numbers as narrow as they go, one value for all that are the same."""
    if column.dtype == object:
        return TEXT, len(column), zlib.compress(json.dumps(column.tolist()).encode(), 1)
    narrow = _narrowed(column) if column.dtype.kind in "bi" else column
    kept = narrow[:1] if _is_constant(narrow) else narrow
    return kept.dtype.str, len(column), kept.tobytes()


def decode(kind: str, length: int, data: bytes) -> Array:
    """Read a column. Raises `ValueError`, `TypeError` or `zlib.error` for one that is damaged."""
    if kind == TEXT:
        return texts(json.loads(zlib.decompress(data)))
    found = np.frombuffer(data, kind)
    if len(found) not in (length, 1):
        raise ValueError(f"{len(found)} values; expected {length}, or one for all")
    return found if len(found) == length else found.repeat(length)


def joined(parts: Sequence[Array]) -> Array:
    """Columns one after the other."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _narrowed(column: Array) -> Array:
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    for narrow in NARROW:
        if np.iinfo(narrow).min <= least and most <= np.iinfo(narrow).max:
            return column.astype(narrow)
    return column.astype(np.int64)


def _is_constant(column: Array) -> bool:
    return len(column) > 1 and np.array_equal(
        column, np.broadcast_to(column[0], column.shape), equal_nan=column.dtype.kind == "f"
    )
