"""Calling what may hang, so that nobody has to wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")

THREAD = "otel-mlflow-doctor"


def in_background(function: Callable[[], Answer]) -> Future[Answer]:
    """Call `function` on a thread of its own; the future has what it returns or raises.

    Libraries have timeouts, but not for all that they do: a resolver that hangs, retries, a lock that others hold. An
    executor's threads would keep the interpreter from exiting meanwhile.
    """
    future: Future[Answer] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001, the future raises it again where it is asked for
            future.set_exception(error)

    threading.Thread(target=call, daemon=True, name=THREAD).start()
    return future


def is_anything_left() -> bool:
    """Whether some call has not come back yet."""
    return any(thread.name == THREAD for thread in threading.enumerate())
