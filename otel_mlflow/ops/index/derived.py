"""Columns that follow from another one of the same relation, and are not kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.entry import CANCELLED, ERROR


class Derivation(NamedTuple):
    """Which column, and what is made of it."""

    source: str
    make: Callable[[Array], Array]


def _ones(column: Array) -> Array:
    return np.broadcast_to(np.int8(1), column.shape)


def _is_known(numbers: Array) -> Array:
    return ~np.isnan(numbers)


def _itself(column: Array) -> Array:
    return column


DERIVED: Mapping[str, Mapping[str, Derivation]] = {
    "trace": {
        "requests": Derivation("time", _ones),
        "errors": Derivation("outcome", lambda outcomes: outcomes == ERROR),
        "cancelled": Derivation("outcome", lambda outcomes: outcomes == CANCELLED),
        "first": Derivation("time", _itself),
        "last": Derivation("time", _itself),
        "has_ended": Derivation("duration", lambda durations: durations >= 0),
        "is_streamed": Derivation("first_byte", _is_known),
    },
    "assessment": {
        "given": Derivation("name", _ones),
        "numbers": Derivation("number", _is_known),
        "total": Derivation("number", np.nan_to_num),
        "is_bad": Derivation("number", lambda numbers: numbers == 0),
        "is_text": Derivation("value", lambda values: values == 0),
    },
}


def derived(relation: str, columns: Columns, name: str) -> Array:
    """A column that is kept, or follows from one that is."""
    if name in columns:
        return columns[name]
    derivation = DERIVED[relation][name]
    return derivation.make(columns[derivation.source])


def source_of(relation: str, name: str) -> str:
    """The column that has to be read for one."""
    derivation = DERIVED.get(relation, {}).get(name)
    return name if derivation is None else derivation.source
