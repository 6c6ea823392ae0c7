"""Blocking calls: several at a time, and those that may never return."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from otel_mlflow.outside import own_thread

Given = TypeVar("Given")
Made = TypeVar("Made")

PATIENT = "otel-mlflow-patient"
"""Name of the threads of `call_with_timeout`."""

MANY_ABANDONED = 4
"""Calls that have not returned, beyond which no further ones are made."""

FORGOTTEN_AFTER = 300.0
"""Seconds after which a call that never returned makes room for another: its cause may be mended by then."""

_abandoned: list[tuple[float, threading.Thread]] = []


def call_with_timeout(function: Callable[[], Made], seconds: float) -> Made:
    """What `function` returns or raises, if it does so within so many seconds.

    Raises `TimeoutError` otherwise and leaves the call to itself; at once where many have been left already.
    """
    now = time.monotonic()
    _abandoned[:] = [(since, one) for since, one in _abandoned if one.is_alive() and now - since < FORGOTTEN_AFTER]
    if len(_abandoned) >= MANY_ABANDONED:
        raise TimeoutError
    outcome, caller = begin(function, PATIENT)
    try:
        return outcome.result(seconds)
    except FutureTimeoutError:
        if not outcome.done():
            _abandoned.append((now, caller))
        raise TimeoutError from None


def begin(function: Callable[[], Made], name: str) -> tuple[Future[Made], threading.Thread]:
    """Call `function` on a thread of its own, which keeps no interpreter from exiting as an executor's would."""
    outcome: Future[Made] = Future()

    def call() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:  # noqa: BLE001, the future raises it again where it is asked for
            outcome.set_exception(error)

    caller = own_thread(call, name)
    caller.start()
    return outcome, caller


def map_parallel(items: Iterable[Given], function: Callable[[Given], None], *, threads: int) -> None:
    """Call `function` on every item, on so many threads; raise the first exception once all have stopped.

    The threads live no longer than the call. A pool's would keep the interpreter from exiting while a backend hangs.
    """
    work = _Shared(items)
    errors: list[BaseException] = []

    def help_out() -> None:
        try:
            for item in work:
                if errors:
                    return
                function(item)
        except BaseException as error:  # noqa: BLE001, raised again below, on the caller's thread
            errors.append(error)

    helpers = [own_thread(help_out, "otel-mlflow-sender") for _ in range(threads - 1)]
    for helper in helpers:
        helper.start()
    help_out()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


class _Shared(Iterator[Given]):
    """One iterator for several threads."""

    def __init__(self, items: Iterable[Given]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __next__(self) -> Given:
        with self._lock:
            return next(self._items)
