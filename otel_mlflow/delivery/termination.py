"""SIGTERM where no lifespan tells of the end: `--lifespan off`, a server without lifespans, a script.

Servers differ in what they do with the signal, and none of it is taken from them:

1. Nobody handles it: the process would end on the spot, without `atexit`. It goes on until what is in memory is
   written down and, for `delivery.shutdown_timeout`, delivered; then it ends by the signal as it would have. Where
   hypercorn has several workers they are such processes: what they have answered is still on its way through the loop.
2. A server handles it: it goes on serving what it has begun. From then on whatever is finished is written at once,
   and the server's handler is called as if it were alone.
3. It is ignored, or handled outside Python: nothing is changed.

The signal may have interrupted the main thread while it holds any lock, so what takes one is done on another thread.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.delivery.forking import is_worker
from otel_mlflow.outside import own_thread


class Terminable(Protocol):
    """What has something to finish before the process ends."""

    def expect_termination(self) -> None:
        """The process is going to end some time after now: return when what is in memory is written down."""

    def shutdown(self) -> None:
        """The process ends now."""


GRACE = 0.5
"""Seconds in which an event loop brings to its end what it has answered already."""

LAST_WRITE = 0.1
"""Seconds for which SIGTERM waits until what is in memory is on disk; the server's own handler comes after it."""

AGAIN_AFTER = 0.1
"""Seconds after which the signal that ends the process is sent again."""

_is_shutting_down = False
_shut_down_done = threading.Event()
_terminables: weakref.WeakSet[Terminable] = weakref.WeakSet()


def on_termination(terminable: Terminable) -> None:
    """Tell `terminable` of SIGTERM, for as long as anybody refers to it. Python allows it in the main thread only."""
    _terminables.add(terminable)
    if threading.current_thread() is threading.main_thread():
        _install()


def forget(terminable: Terminable) -> None:
    """Tell it no more; the last one puts the handler back that was there before."""
    _terminables.discard(terminable)
    current = signal.getsignal(signal.SIGTERM)
    if not _terminables and isinstance(current, _Handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, current.previous)


def _install() -> None:
    current = signal.getsignal(signal.SIGTERM)
    if isinstance(current, _Handler) or current is None or current is signal.SIG_IGN:
        return
    signal.signal(signal.SIGTERM, _Handler(current))


class _Handler:
    """Ours, before the one that it was put in front of: a server that found it there may put it back at any time."""

    def __init__(self, previous: Any) -> None:
        self.previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        global _is_shutting_down
        if callable(self.previous):
            _run_on_thread(_expect_termination, LAST_WRITE)
            self.previous(number, frame)
        elif _shut_down_done.is_set() or not _terminables:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif not _is_shutting_down:
            _is_shutting_down = True
            # Not waited for: the event loop has what it has answered to bring to an end.
            _run_on_thread(functools.partial(_shut_down, number, grace()), 0.0)


def _run_on_thread(task: Callable[[], None], patience: float) -> None:
    """Begin it, and wait for it for so many seconds; where no thread can be had it runs here."""
    thread = own_thread(task, "otel-mlflow-termination")
    try:
        thread.start()
    except RuntimeError:
        task()
    else:
        thread.join(patience)


def grace() -> float:
    """Seconds for an event loop: none in a process of `multiprocessing` whose main thread, which calls this, has none.

    Trio's cannot be asked for.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return 0.0 if is_worker() and "trio" not in sys.modules else GRACE
    return GRACE


def _shut_down(number: int, seconds: float) -> None:
    _expect_termination()
    _shut_down_done.wait(seconds)
    ending = list(_terminables)
    map_parallel(ending, lambda terminable: terminable.shutdown(), threads=len(ending))
    _shut_down_done.set()
    _end_by(number)


def _end_by(number: int) -> None:
    """Let the main thread, on which Python runs handlers, end the process by the signal.

    Sent again until it does: a signal that comes just as that thread begins to wait, in `signal.pause()` or an event
    loop with nothing to do, is noted by Python and not looked at before the wait is over.
    """
    os.kill(os.getpid(), number)
    while isinstance(signal.getsignal(number), _Handler):
        time.sleep(AGAIN_AFTER)
        os.kill(os.getpid(), number)


def _expect_termination() -> None:
    for terminable in list(_terminables):
        terminable.expect_termination()
