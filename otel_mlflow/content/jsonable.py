"""Any object at all becomes a value that JSON can say, of a bounded size and in bounded time.

No code of the object's own is run: no `__str__`, no `__iter__`, no property, no `model_dump`. So nothing can raise, or
take its time. Types of Python's own are read by their base class's methods, models and dataclasses by their fields,
tables and arrays by a few of their rows. What cannot be shown is named by its type: `[Generator]`, `[Connection]`.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from json.encoder import encode_basestring
from types import FunctionType
from typing import Any, NamedTuple

from otel_mlflow.content.cut import NOTE_KEY
from otel_mlflow.content.readable import MAX_DEPTH, readable_value

_MOST_ITEMS = 10_000
_MOST_ROWS = 50
_MOST_COLUMNS = 50
_MOST_ELEMENTS = 1_000
_SHORTEST_TEXT = 64
_MEMBER = len('"":,')
_READING_ERRORS = (AttributeError, TypeError, ValueError, LookupError, RuntimeError, ArithmeticError)


def to_jsonable(value: Any, max_bytes: int = 65_536) -> Any:
    """Make a value that `json.dumps` takes from any object, of about `max_bytes` bytes at most; it never raises.

    Cheap however large the object is: what does not fit is not read, and a note in its place says so. What is nested
    too deeply, or in itself, is named by its type. The result has no lone surrogates, no NaN, only texts for keys, and
    no numbers or depths that MLflow's server cannot read back.
    """
    return _Writer(max_bytes).write(value, 0)


class _Writer:
    """Writes one object; knows how much room is left, and in what it is."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.items = _MOST_ITEMS
        self.inside: set[int] = set()

    def write(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            self.room -= len("false")
            return value
        for base in _bases(kind):
            if base in _TEXTS:
                return self.text(_TEXTS[base](value))
            if (read := _reader(base)) is not None:
                return self._nested(value, read, depth)
        return self.named(value)

    def text(self, text: Any) -> Any:
        """Write a text as far as there is room for it; a number passes as it is."""
        if not isinstance(text, str):
            self.room -= len("-1234567890.1234567")
            return text
        whole = str.__len__(text)
        shown = str.__getitem__(text, slice(0, max(self.room, _SHORTEST_TEXT))).encode("utf-8", "replace").decode()
        shown = self._fitting(shown)
        self.room -= len(encode_basestring(shown).encode()) + 1
        missing = whole - len(shown)
        return f"{shown} [cut: {missing} of {whole} characters left out]" if missing > 0 else shown

    def _fitting(self, text: str) -> str:
        room = max(self.room, _SHORTEST_TEXT)
        while (taken := len(encode_basestring(text).encode())) > room + len('""'):
            text = text[: len(text) * room // taken]
        return text

    def named(self, value: Any) -> str:
        """Name what cannot be shown by its type."""
        return str(self.text(f"[{name_of(type(value))}]"))

    def _nested(self, value: Any, read: Callable[[Any], Any], depth: int) -> Any:
        if depth >= MAX_DEPTH or id(value) in self.inside:
            return self.named(value)
        self.inside.add(id(value))
        try:
            parts = read(value)
            if type(parts) is _Instead:
                return self.write(parts.value, depth + 1)
            if isinstance(parts, Mapping):
                return self._members(parts.items(), len(parts), depth)
            return self._elements(parts, depth)
        except _READING_ERRORS:
            return self.named(value)
        finally:
            self.inside.discard(id(value))

    def _members(self, members: Iterable[tuple[Any, Any]], total: int, depth: int) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for key, item in _unchanging(members):
            if not self._has_room():
                written[NOTE_KEY] = _note(total - len(written), total)
                break
            self.room -= _MEMBER
            written[self._key(key)] = self.write(item, depth + 1)
        return written

    def _elements(self, elements: Iterable[Any], depth: int) -> list[Any]:
        written: list[Any] = []
        for item in _unchanging(elements):
            if not self._has_room():
                written.append(_note(None, None))
                break
            self.room -= 1
            written.append(self.write(item, depth + 1))
        return written

    def _key(self, key: Any) -> str:
        if key is None or isinstance(key, bool):
            return {None: "null", True: "true", False: "false"}[key]
        written = self.write(key, MAX_DEPTH)
        return written if isinstance(written, str) else str(written)

    def _has_room(self) -> bool:
        self.items -= 1
        return self.room > 0 and self.items >= 0


class _Instead(NamedTuple):
    """What is written instead of a value that only wraps it."""

    value: Any


def _reader(base: type) -> Callable[[Any], Any] | None:
    """Choose how values of a class are taken apart; None where nobody knows."""
    if base in _NESTED:
        return _NESTED[base]
    if "__dataclass_fields__" in type.__dict__["__dict__"].__get__(base):
        return _fields
    module = type.__dict__["__module__"].__get__(base)
    return _FOREIGN.get((module, name_of(base))) if issubclass(type(module), str) else None


def _bases(kind: type) -> tuple[type, ...]:
    return type.__dict__["__mro__"].__get__(kind)  # type: ignore[no-any-return]


def name_of(kind: type) -> str:
    """Read the name of a class without running code of its metaclass."""
    name = type.__dict__["__qualname__"].__get__(kind)
    return name if isinstance(name, str) else "object"


def _note(missing: int | None, total: int | None) -> str:
    return "[cut: the rest left out]" if missing is None else f"[cut: {missing} of {total} left out]"


def _unchanging(parts: Iterable[Any]) -> Iterator[Any]:
    """Read what another thread may be changing: what was read until then is kept."""
    try:
        yield from parts
    except RuntimeError:
        return


def _attributes(value: Any) -> Mapping[str, Any]:
    found = object.__getattribute__(value, "__dict__")
    return found if type(found) is dict else {}


def _fields(value: Any) -> Mapping[str, Any]:
    """Read the fields of a dataclass, with slots or without, and not through its properties."""
    names = list(islice(type(value).__dataclass_fields__, _MOST_ELEMENTS))
    return {name: object.__getattribute__(value, name) for name in names}


def _model(value: Any) -> Any:
    """Read the fields of a Pydantic model, apart from those that it excludes."""
    fields = getattr(type(value), "__pydantic_fields__", {})
    kept = {key: item for key, item in _attributes(value).items() if not getattr(fields.get(key), "exclude", None)}
    extra = object.__getattribute__(value, "__pydantic_extra__")
    members = {**kept, **(extra if type(extra) is dict else {})}
    return _Instead(members["root"]) if list(members) == ["root"] else members


def _frame(value: Any) -> Mapping[str, Any]:
    """Read the first rows of a table by column, as pandas's `orient="split"` has them."""
    head = value.iloc[:_MOST_ROWS, :_MOST_COLUMNS]
    rows, columns = value.shape
    table: dict[str, Any] = {"columns": list(head.columns), "data": head.to_numpy(dtype=object).tolist()}
    return table if (rows, columns) == head.shape else {**table, "shape": [rows, columns]}


def _series(value: Any) -> Mapping[str, Any]:
    return {"name": value.name, "data": value.iloc[:_MOST_ELEMENTS].tolist(), "size": int(value.size)}


def _array(value: Any) -> Any:
    if value.size <= _MOST_ELEMENTS:
        return _Instead(value.tolist())
    first = value.reshape(-1)[:_MOST_ELEMENTS].tolist() if value.flags["C_CONTIGUOUS"] else []
    return {"type": "ndarray", "dtype": str(value.dtype), "shape": list(value.shape), "first": first}


def _integer(value: int) -> Any:
    return readable_value(int.__add__(value, 0))


def _float(value: float) -> Any:
    return readable_value(float.__add__(value, 0.0))


def _bytes(value: bytes | bytearray) -> str:
    return f"[{memoryview(value).nbytes} bytes]"


def _error(value: BaseException) -> Mapping[str, Any]:
    return {"type": name_of(type(value)), "args": list(BaseException.args.__get__(value))}  # type: ignore[attr-defined]


def _moment(value: datetime.datetime) -> str:
    has_plain_zone = type(value.tzinfo).__module__ in ("builtins", "datetime", "zoneinfo")
    plain = value if has_plain_zone else value.replace(tzinfo=None)
    return datetime.datetime.isoformat(plain)


def _digits(value: decimal.Decimal) -> str:
    return decimal.Decimal.__str__(value)


_TEXTS: Mapping[type, Callable[[Any], Any]] = {
    str: lambda text: text,
    int: _integer,
    float: _float,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: lambda view: f"[{view.nbytes} bytes]",
    complex: complex.__repr__,
    datetime.datetime: _moment,
    datetime.date: datetime.date.isoformat,
    datetime.time: lambda time: datetime.time.isoformat(time.replace(tzinfo=None)),
    datetime.timedelta: datetime.timedelta.__str__,
    decimal.Decimal: _digits,
    fractions.Fraction: fractions.Fraction.__str__,
    uuid.UUID: uuid.UUID.__str__,
    pathlib.PurePath: pathlib.PurePath.__str__,
    range: range.__repr__,
    slice: lambda _: "[slice]",
    FunctionType: lambda function: f"[function {function.__name__}]",
    type: lambda kind: f"[class {name_of(kind)}]",
}


_NESTED: Mapping[type, Callable[[Any], Any]] = {
    enum.Enum: lambda member: _Instead(object.__getattribute__(member, "_value_")),
    dict: lambda mapping: _Shown(mapping),
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    deque: deque.__iter__,
    BaseException: _error,
}
_FOREIGN: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("pydantic.main", "BaseModel"): _model,
    ("pandas.core.frame", "DataFrame"): _frame,
    ("pandas", "DataFrame"): _frame,
    ("pandas.core.series", "Series"): _series,
    ("pandas", "Series"): _series,
    ("numpy", "ndarray"): _array,
    ("numpy", "generic"): lambda scalar: _Instead(scalar.item()),
    ("starlette.datastructures", "Headers"): lambda headers: [
        [name.decode("latin-1"), item.decode("latin-1")] for name, item in _attributes(headers)["_list"]
    ],
    ("starlette.datastructures", "ImmutableMultiDict"): lambda pairs: _Instead(_attributes(pairs)["_dict"]),
    ("collections", "UserDict"): lambda mapping: _Instead(_attributes(mapping)["data"]),
    ("collections", "UserList"): lambda items: _Instead(_attributes(items)["data"]),
}


class _Shown(Mapping[Any, Any]):
    """A dict of any class, read as if it were none of its own."""

    def __init__(self, mapping: dict[Any, Any]) -> None:
        self._mapping = mapping

    def __len__(self) -> int:
        return dict.__len__(self._mapping)

    def __iter__(self) -> Iterator[Any]:
        return dict.__iter__(self._mapping)

    def __getitem__(self, key: Any) -> Any:
        return dict.__getitem__(self._mapping, key)

    def items(self) -> Any:
        """Answer the members as `dict` itself has them."""
        return dict.items(self._mapping)
