"""From the request's path to the instruments: a queue for each application, and one thread that works them off."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from otel_mlflow.delivery.forking import mind_forks
from otel_mlflow.guard import guarded
from otel_mlflow.ops.metrics.instruments import PLAIN, Ended, Served
from otel_mlflow.outside import own_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

    from otel_mlflow.http.exchange import Exchange

BATCH_SECONDS = 0.2
"""How long what has ended is gathered: recording takes microseconds, but not on anybody's time."""

BETWEEN_LOOKS = 5.0
"""Seconds between two looks at whether anybody has a recorder still."""

MODEL_CALLS = frozenset({'"CHAT_MODEL"', '"LLM"', '"EMBEDDING"', "CHAT_MODEL", "LLM", "EMBEDDING"})
"""`mlflow.spanType` of spans whose tokens count; the totals that agents repeat do not. MLflow writes it as JSON."""


class Recorder:
    """Takes note of what ends, at the cost of a tuple; `work_off` is called with it, on another thread.

    In a forked child it begins anew.
    """

    def __init__(self, work_off: Callable[[list[Served | Ended]], None], begin_anew: Callable[[], None]) -> None:
        self._work_off = work_off
        self._begin_anew = begin_anew
        self._begin()
        _THREAD.serve(self)

    def served(self, exchange: Exchange) -> None:
        """A request is over."""
        self._events.append(Served.from_exchange(exchange))
        _THREAD.wake()

    def ended(self, span: ReadableSpan) -> None:
        """A span is over."""
        attributes = span.attributes
        is_model_call = attributes is not None and attributes.get("mlflow.spanType") in MODEL_CALLS
        self._events.append(Ended(attributes) if is_model_call else PLAIN)
        _THREAD.wake()

    @guarded
    def work_off(self) -> None:
        """Record everything that has ended so far."""
        with self._working:
            events = [self._events.popleft() for _ in range(len(self._events))]
            self._work_off(events)

    def begin_anew(self) -> None:
        """In a forked child: what has been recorded is the parent's."""
        self._begin_anew()
        self._begin()

    def _begin(self) -> None:
        self._events: deque[Served | Ended] = deque()
        self._working = threading.Lock()


class _RecorderThread:
    """The thread of all recorders of a process. It ends when nobody has one any more."""

    def __init__(self) -> None:
        self._recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
        self._begin()
        mind_forks(self)

    def serve(self, recorder: Recorder) -> None:
        """Work the recorder off for as long as anybody has it."""
        with self._lock:
            self._recorders.add(recorder)
            self._start()

    def wake(self) -> None:
        """Something has ended."""
        if not self._wake.is_set():
            self._wake.set()

    def before_fork(self) -> None:
        """Hold still."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """The thread is the parent's, and so is what it has not worked off."""
        self._begin()
        for recorder in list(self._recorders):
            recorder.begin_anew()
            self._start()

    def expect_termination(self) -> None:
        """The process is going to end: add up what has been recorded."""
        self._work_off()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._runs = False

    def _start(self) -> None:
        if not self._runs:
            self._runs = True
            own_thread(self._run, "otel-mlflow-metrics").start()

    def _run(self) -> None:
        while self._is_needed():
            if self._wake.wait(BETWEEN_LOOKS):
                time.sleep(BATCH_SECONDS)
                self._wake.clear()
                self._work_off()

    def _work_off(self) -> None:
        for recorder in list(self._recorders):
            recorder.work_off()

    def _is_needed(self) -> bool:
        with self._lock:
            self._runs = bool(self._recorders)
            return self._runs


_THREAD = _RecorderThread()
