"""From the request's path to the instruments: a queue, and a thread that works it off."""

from __future__ import annotations

import functools
import threading
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

BETWEEN_ROUNDS = 1.0
"""Seconds between two rounds of the thread: recording takes microseconds, but not on anybody's time."""

MODEL_CALLS = frozenset({'"CHAT_MODEL"', '"LLM"', '"EMBEDDING"', "CHAT_MODEL", "LLM", "EMBEDDING"})
"""`mlflow.spanType` of spans whose tokens count; the totals that agents repeat do not. MLflow writes it as JSON."""


class Recorder:
    """Takes note of what ends, at the cost of a tuple; `work_off` is called with it, on another thread.

    In a forked child it begins anew, with a thread of its own.
    """

    def __init__(self, work_off: Callable[[list[Served | Ended]], None], begin_anew: Callable[[], None]) -> None:
        self._work_off = work_off
        self._begin_anew = begin_anew
        self._begin()
        mind_forks(self)

    def served(self, exchange: Exchange) -> None:
        """A request is over."""
        self._events.append(Served.of(exchange))

    def ended(self, span: ReadableSpan) -> None:
        """A span is over."""
        attributes = span.attributes
        is_model_call = attributes is not None and attributes.get("mlflow.spanType") in MODEL_CALLS
        self._events.append(Ended(attributes) if is_model_call else PLAIN)

    @guarded
    def work_off(self) -> None:
        """Record everything that has ended so far."""
        with self._working:
            events = [self._events.popleft() for _ in range(len(self._events))]
            self._work_off(events)

    def before_fork(self) -> None:
        """Nothing is held that the child needs."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """What has been recorded is the parent's."""
        self._begin_anew()
        self._begin()

    def _begin(self) -> None:
        self._events: deque[Served | Ended] = deque()
        self._working = threading.Lock()
        own_thread(functools.partial(_rounds, weakref.ref(self)), "otel-mlflow-metrics").start()


def _rounds(reference: weakref.ref[Recorder]) -> None:
    """Work off for as long as anybody has the recorder."""
    pause = threading.Event()
    while not pause.wait(BETWEEN_ROUNDS) and (recorder := reference()) is not None:
        recorder.work_off()
        del recorder
