"""`google.rpc.Status` in protobuf, which OTLP sends with a failure: its message, and how long to wait (`RetryInfo`).

Read from the wire, because no library that we build on brings the message's definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

RETRY_INFO = b"google.rpc.RetryInfo"

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class RpcStatus:
    """What is of use of it."""

    message: str = ""
    retry_delay: float | None = None
    """Seconds; None where it names none."""


def read_rpc_status(body: bytes) -> RpcStatus:
    """The status in `body`; an empty one where it is something else."""
    try:
        fields = list(_fields(body))
        message = next((value.decode() for number, value in fields if number == 2 and isinstance(value, bytes)), "")
        delays = [_retry_delay(value) for number, value in fields if number == 3 and isinstance(value, bytes)]
    except (ValueError, IndexError):
        return RpcStatus()
    return RpcStatus(message, next((delay for delay in delays if delay is not None), None))


def _retry_delay(detail: bytes) -> float | None:
    """Seconds in a detail (`google.protobuf.Any`) that is a RetryInfo, whose first field is a Duration."""
    parts = dict(_fields(detail))
    name, content = parts.get(1, b""), parts.get(2, b"")
    if not isinstance(name, bytes) or not isinstance(content, bytes) or not name.endswith(RETRY_INFO):
        return None
    delay = dict(_fields(content)).get(1, b"")
    seconds, nanos = (dict(_fields(delay)).get(number, 0) for number in (1, 2)) if isinstance(delay, bytes) else (0, 0)
    return float(seconds) + float(nanos) / 1e9


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value of each field. Raises `ValueError` or `IndexError` for bytes that are no protobuf."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
        if size is None:
            if kind != _LENGTH:
                raise ValueError(f"wire type {kind}")
            size, at = _varint(message, at)
        if at + size > len(message):
            raise ValueError("cut short")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
