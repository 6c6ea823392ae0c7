"""SIGTERM where a server handles it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from otel_mlflow.delivery.termination import GRACE, forget, grace, on_termination


class Writer:
    """Writes down what is in memory under a lock that requests take, too."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.has_written = threading.Event()

    def expect_termination(self) -> None:
        """Write it down."""
        with self.lock:
            self.has_written.set()

    def shutdown(self) -> None:
        """Nothing is left to do."""


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """The signals that the server has handled."""
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: signals.append(number))
    yield signals
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def writer(handled: list[int]) -> Iterator[Writer]:
    """A writer that is told of SIGTERM."""
    writer = Writer()
    on_termination(writer)
    yield writer
    forget(writer)


def test_what_is_in_memory_is_written_before_the_server_ends(writer: Writer, handled: list[int]) -> None:
    """The server's own handler comes after it."""
    signal.raise_signal(signal.SIGTERM)
    assert writer.has_written.is_set()
    assert handled == [signal.SIGTERM]


@pytest.mark.timeout(30)
def test_a_signal_may_come_while_the_main_thread_holds_a_lock(writer: Writer, handled: list[int]) -> None:
    """The server ends all the same, and the writer writes when it has the lock."""
    with writer.lock:
        signal.raise_signal(signal.SIGTERM)
        assert handled == [signal.SIGTERM]
    assert writer.has_written.wait(20)


def test_a_server_may_put_our_handler_back_when_nobody_is_told_any_more(handled: list[int]) -> None:
    """A server that was started after us found our handler, and its own end comes after the end of its application."""
    outer, inner = Writer(), Writer()
    on_termination(outer)
    found = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    on_termination(inner)
    forget(outer)
    forget(inner)
    signal.signal(signal.SIGTERM, found)
    again = Writer()
    on_termination(again)
    forget(again)
    signal.raise_signal(signal.SIGTERM)
    assert handled == [signal.SIGTERM]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_worker_without_an_event_loop_is_given_no_time_for_one() -> None:
    """Whoever waits for the end of a pool waits for nothing."""

    async def serve() -> float:
        return grace()

    def work(found: Any) -> None:
        found.put((grace(), asyncio.run(serve())))

    fork = multiprocessing.get_context("fork")
    found = fork.SimpleQueue()
    worker = fork.Process(target=work, args=(found,))
    worker.start()
    expected = (GRACE if "trio" in sys.modules else 0.0, GRACE)
    assert found.get() == expected
    worker.join(30)
    assert grace() == GRACE
