"""An exception that left the application, in words: holding on to the exception would keep its frames alive."""

from __future__ import annotations

import asyncio
from traceback import format_exception, format_exception_only
from typing import NamedTuple


class ExceptionRecord(NamedTuple):
    """What the span says of an exception. `stacktrace` is empty where the span has the event already."""

    type: str
    message: str
    stacktrace: str

    @classmethod
    def from_exception(cls, error: BaseException) -> ExceptionRecord:
        """Put an exception into words, also one whose `str()` fails."""
        # Python's own formatting survives such a one.
        message = "".join(format_exception_only(error)).strip().partition(": ")[2]
        return cls(type(error).__qualname__, message, "".join(format_exception(error)))


_CANCELLATIONS = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)


def is_cancellation(error: BaseException) -> bool:
    """Whether the exception ends a task from outside: no fault of the application's, unless one is among several.

    `sys.exit()` in a handler is the application's own doing. Trio's `Cancelled` is known by its name.
    """
    if isinstance(error, Exception):
        return False
    if inner := getattr(error, "exceptions", ()):
        return all(is_cancellation(each) for each in inner)
    return isinstance(error, _CANCELLATIONS) or type(error).__name__ == "Cancelled"


def is_disconnect(error: BaseException) -> bool:
    """Whether the exception says that a WebSocket's client has hung up, or is gone."""
    return type(error).__name__ == "WebSocketDisconnect"
