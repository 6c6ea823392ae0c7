"""No check hangs, whatever it waits for does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from otel_mlflow.diagnosis.background import in_background, left_over
from otel_mlflow.diagnosis.check_result import ok
from otel_mlflow.diagnosis.patience import Patience, RunQueue
from otel_mlflow.diagnosis.setup import LIMITS, Limits
from tests.doctor.examining import answer, examined, not_ok, not_tried, run_doctor
from tests.servers.black_hole import full_host, silent_host
from tests.servers.process import busy_core, until

IMPATIENT = Limits(each=4, together=60)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What something waits for in vain, until the test is over."""
    before = left_over()
    event = threading.Event()
    yield event
    event.set()
    until(lambda: not left_over() - before, seconds=30, waiting_for=lambda: "what hung to end")


@pytest.mark.parametrize("host", [silent_host, full_host])
def test_a_host_that_answers_nothing(host: Callable[[], AbstractContextManager[int]]) -> None:
    """It is given up by the client's own timeouts, which leave time to say what did not come."""
    with host() as port:
        checks = examined(tracking_uri=f"http://127.0.0.1:{port}", limits=Limits(each=6, together=60))
    assert checks["host"].status == "fail"
    assert "does not answer" in checks["host"].detail
    assert not_tried(checks) == {"credentials", "experiment", "test_trace"}


def test_the_limits_are_the_promised_ones() -> None:
    """30 seconds for the whole command, that is; and the client's timeouts fit into them."""
    assert (LIMITS.each, LIMITS.together) == (10, 25)
    assert sum(LIMITS.timeouts) < LIMITS.each


def test_whatever_hangs_is_given_up(hanging: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server, say: no library has a timeout for it."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: hanging.wait() and [])
    checks = examined(tracking_uri="http://mlflow.example:5000", limits=IMPATIENT)
    assert checks["host"].status == "fail"
    assert "given up" in checks["host"].detail
    assert {"spool", "backlog", "quarantine", "processes"}.isdisjoint({*not_ok(checks), *not_tried(checks)})


def test_time_without_a_processor_does_not_count(hanging: threading.Event) -> None:
    """A library is imported, say, while others have the machine to themselves: that is no host that does not answer."""
    laps = iter([0.05, 0.05, 0.0])
    future = in_background(hanging.wait)
    waited = Patience(LIMITS, lambda: next(laps)).wait(future, 0.05)
    assert waited.without_processor == 0.1
    assert waited.counted >= 0.05


def test_a_machine_that_is_too_busy_to_tell(hanging: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends all the same, and blames nobody else."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: hanging.wait() and [])
    checks = examined(tracking_uri="http://mlflow.example:5000", limits=Limits(each=60, together=60, busy=6))
    assert checks["host"].status == "warn"
    assert "this machine is too busy" in checks["host"].detail
    assert not any(check.status == "fail" for check in checks.values())


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel counts it on Linux")
def test_the_kernel_says_how_long_no_processor_was_free() -> None:
    """Another process keeps the one on which this thread has to work busy."""
    queue, allowed = RunQueue(), os.sched_getaffinity(0)
    processor = {min(allowed)}
    with busy_core() as other:
        try:
            os.sched_setaffinity(other.pid, processor)
            os.sched_setaffinity(0, processor)
            until(
                lambda: sum(range(1_000_000)) and queue.lap() > 0.001,
                seconds=60,
                waiting_for=lambda: "this thread to be kept waiting",
            )
        finally:
            os.sched_setaffinity(0, allowed)


def test_a_call_in_the_background_keeps_nobody_from_ending(hanging: threading.Event) -> None:
    """Its thread is a daemon, and can be seen."""
    before = set(threading.enumerate())
    future = in_background(hanging.wait)
    assert not future.done()
    assert left_over() - before
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)


def test_a_call_in_the_background_returns_and_raises() -> None:
    """As it would in the foreground."""
    assert in_background(lambda: ok("well")).result(30) == ok("well")
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0).result(30)


def test_the_process_ends_while_a_check_hangs() -> None:
    """The answer is whole, and what was given up is not waited for."""
    with silent_host() as port:
        run = run_doctor("--json", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
    assert run.returncode == 1
    assert {check["name"]: check["status"] for check in answer(run)["checks"]}["host"] == "fail"
