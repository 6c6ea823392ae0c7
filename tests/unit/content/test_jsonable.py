"""Any object at all becomes JSON of a bounded size, without running its code."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import threading
import uuid
from collections import UserDict, deque
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, SecretStr

from otel_mlflow.content import to_jsonable

HUGE = 10_000_000


class Hostile:
    """An object all of whose methods fail."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError


class HostileDict(dict[str, Any]):
    """A dict whose own methods fail."""

    def items(self) -> Any:
        """Fail."""
        raise RuntimeError

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class HostileText(str):
    """A text whose own methods fail."""

    def __str__(self) -> str:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError

    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError


class HostileBytes(bytes):
    """Bytes whose length fails."""

    def __len__(self) -> int:
        raise RuntimeError


class HostileClass(type):
    """A class of classes that say nothing of themselves."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


class Login(BaseModel):
    """A model with a field that it hides and one that it leaves out."""

    user: str = "ada"
    password: SecretStr = SecretStr("hunter2")
    inner: str = Field("x", exclude=True)


@dataclasses.dataclass
class Point:
    """A dataclass, one of whose values cannot be shown."""

    x: int = 1
    y: Any = dataclasses.field(default_factory=Hostile)


def endless() -> Iterator[int]:
    """Count for ever."""
    while True:
        yield 1


def in_itself() -> list[Any]:
    """Make a list that holds itself."""
    items: list[Any] = [1]
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, None, True, 1.5, "x"]}, {"a": [1, None, True, 1.5, "x"]}),
        (Hostile(), "[Hostile]"),
        (MagicMock(), "[MagicMock]"),
        ({"good": 1, "bad": Hostile()}, {"good": 1, "bad": "[Hostile]"}),
        (HostileDict(a=1), {"a": 1}),
        (HostileText("hello"), "hello"),
        (Login(), {"user": "ada", "password": "[SecretStr]"}),
        (RootModel[list[int]]([1, 2]), [1, 2]),
        (Point(), {"x": 1, "y": "[Hostile]"}),
        (Colour.RED, "red"),
        (endless(), "[generator]"),
        (threading.Lock(), "[lock]"),
        (in_itself(), [1, "[list]"]),
        ({None: 1, True: 2, 3: 4}, {"null": 1, "true": 2, "3": 4}),
        ("a\ud800b", "a?b"),
        (b"\x00\x01", "[2 bytes]"),
        (2**63, "9223372036854775808"),
        (10**5000, "[whole number of 16610 bits]"),
        ([float("nan"), float("-inf")], ["NaN", "-Infinity"]),
        (datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc), "2024-01-02T00:00:00+00:00"),
        (decimal.Decimal("1.50"), "1.50"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ValueError("no", 3), {"type": "ValueError", "args": ["no", 3]}),
        (UserDict(a=1), {"a": 1}),
        (deque([1]), [1]),
        (HostileBytes(b"abc"), "[3 bytes]"),
        (int, "[class int]"),
        (np.float64(1.5), 1.5),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.DataFrame({"user": ["ada"], "age": [36]}), {"columns": ["user", "age"], "data": [["ada", 36]]}),
        (pd.Series([1, 2], name="n"), {"name": "n", "data": [1, 2], "size": 2}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_becomes_of_it(value: Any, expected: Any) -> None:
    """What can be shown is, the rest is named by its type; one bad leaf costs only that leaf."""
    assert to_jsonable(value) == expected


def test_a_class_that_says_nothing_of_itself_has_a_name() -> None:
    """No code of its own class is run."""
    assert to_jsonable(HostileClass("Nameless", (), {})()) == "[Nameless]"


@pytest.mark.parametrize(
    "value",
    [
        "x" * HUGE,
        "é\x00\ud800" * HUGE,
        list(range(HUGE)),
        dict.fromkeys(map(str, range(100_000)), "x" * 1000),
        {"x" * HUGE: 1},
        [["x" * 1000] * 1000] * 1000,
        pd.DataFrame(np.zeros((10_000, 100))),
        np.zeros((1000, 1000)),
        [MagicMock() for _ in range(1000)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_size_is_bounded(value: Any) -> None:
    """However much there is; a note says that something is missing."""
    written = json.dumps(to_jsonable(value, 10_000), ensure_ascii=False)
    assert len(written.encode()) < 20_000


def test_deep_nesting_ends() -> None:
    """What is nested deeper than MLflow's server can read back is named by its type."""
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    written = json.dumps(to_jsonable(deep))
    assert written.count("[") < 50


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=50)
    | st.binary(max_size=9)
)
odd = st.sampled_from([Hostile, MagicMock, object, threading.Lock, Login, endless, in_itself]).map(lambda make: make())
keys = st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=9) | st.tuples(st.integers())
objects = st.recursive(
    leaves | odd,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(keys, inner, max_size=5)
        | st.tuples(inner, inner)
        | st.builds(Point, y=inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3).map(UserDict)
    ),
    max_leaves=30,
)


@settings(max_examples=75)
@given(objects, st.integers(64, 5000))
def test_any_object_becomes_json_of_a_bounded_size(value: Any, max_bytes: int) -> None:
    """It never raises, is the same each time, has no NaN and can be encoded."""
    made = to_jsonable(value, max_bytes)
    written = json.dumps(made, allow_nan=False, ensure_ascii=False)
    assert len(written.encode()) <= 2 * max_bytes + 1000
    assert to_jsonable(value, max_bytes) == made
