"""What a forked process puts in, which ends without `atexit`."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.forking import fork_unsafe
from tests.delivering import Finished, settings_for, trace
from tests.unit.delivery.backend import MemoryBackend

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_a_process_of_multiprocessing_writes_down_what_it_has_as_it_ends(tmp_path: Path) -> None:
    """At once, as a worker with little to do does; it delivers nothing here, and its parent takes it over."""
    parent, record = os.getpid(), trace()

    def hang_in_the_child() -> None:
        if os.getpid() != parent:
            threading.Event().wait()

    backend = MemoryBackend(react_to_opening=hang_in_the_child)
    delivery = Delivery(settings_for(tmp_path), lambda: backend)
    delivery.start()
    child = multiprocessing.get_context("fork").Process(target=delivery.put, args=(Finished(record),))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert delivery.flush(30)
    assert backend.ids() == {record.trace_id}
    delivery.shutdown()


def test_a_fork_waits_for_a_thread_that_is_in_the_middle_of_something() -> None:
    """What it holds then would stay held in the child for ever."""
    inside, forks = threading.Event(), threading.Event()
    lock = threading.Lock()

    def work() -> None:
        with fork_unsafe(), lock:
            inside.set()
            forks.wait(30)

    assert _fork_beside(work, inside, forks, is_held=lock.locked) == 0


def test_who_is_inside_goes_further_in_while_a_fork_waits() -> None:
    """Or each would wait for the other."""
    inside, forks, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with fork_unsafe():
            inside.set()
            forks.wait(30)
            with fork_unsafe():
                done.set()

    assert _fork_beside(work, inside, forks, is_held=lambda: not done.is_set()) == 0


def test_a_thread_that_forks_does_not_wait_for_itself() -> None:
    """It goes on in the child, and out of the block in both."""
    with fork_unsafe():
        child = multiprocessing.get_context("fork").Process(target=_exit_with, args=(lambda: False,))
        child.start()
    child.join(30)
    assert child.exitcode == 0


def _fork_beside(
    work: Callable[[], None], inside: threading.Event, forks: threading.Event, *, is_held: Callable[[], bool]
) -> int | None:
    """Fork once a thread is `inside` its work, which is told that it `forks`; the exit code of a child that asks."""
    worker = threading.Thread(target=work)
    worker.start()
    inside.wait(30)
    child = multiprocessing.get_context("fork").Process(target=_exit_with, args=(is_held,))
    os.register_at_fork(before=forks.set)
    child.start()
    child.join(30)
    worker.join(30)
    return child.exitcode


def _exit_with(is_held: Callable[[], bool]) -> None:
    sys.exit(int(is_held()))
