"""Processes die in mid-burst, or fork while they deliver; what they had put arrives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.delivering import EXPERIMENT, delivering, put, settings_for, wait_for
from tests.faults.stored import stored_in
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow

PROMISED = 0.25
"""Seconds from the response until a trace survives a kill."""

Burst = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def burst(tmp_path: Path) -> Iterator[Burst]:
    """Start a process that puts traces; its log is `tmp_path / name`."""
    started = []

    def start(name: str, uri: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.faults.bursting", str(tmp_path / "spool"), uri, str(tmp_path / name)]
        process = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def notes(path: Path) -> list[tuple[str, float]]:
    """The traces that a process has put, and when; a line that the kill has cut short does not count."""
    if not path.exists():
        return []
    lines = [line.split() for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [(words[0], float(words[1])) for words in lines if len(words) == 2]


def kill_in_mid_burst(process: subprocess.Popen[str], log: Path, traces: int) -> set[str]:
    """Kill the process once it has put so many; answer the traces whose response was sent long enough before."""
    until(lambda: len(notes(log)) >= traces, seconds=60, waiting_for=lambda: f"{traces} traces, not {len(notes(log))}")
    killed = time.monotonic()
    process.kill()
    process.wait()
    return {trace_id for trace_id, at in notes(log) if at < killed - PROMISED}


def test_killed_in_mid_burst_with_the_backend_down(tmp_path: Path, mlflow_server: MlflowServer, burst: Burst) -> None:
    """After SIGKILL and a restart, every trace whose response was sent 250 ms before arrives, once and whole."""
    mlflow_server.stop()
    try:
        process = burst("log", mlflow_server.url)
        promised = kill_in_mid_burst(process, tmp_path / "log", 300)
    finally:
        mlflow_server.start()
    assert len(promised) > 100

    with delivering(settings_for(tmp_path / "spool", mlflow_server.url)) as after:
        until(lambda: after.status().counts.pending, seconds=20, waiting_for=lambda: "what the dead process left")
        counts = wait_for(after, lambda counts: counts.pending == 0, seconds=60)
        assert counts.delivered >= len(promised)
    stored = stored_in(mlflow_server, EXPERIMENT)
    assert promised <= set(stored)
    assert set(stored.values()) == {6}


# From 3.12 on Python says so at every fork of a process with threads, which is what this test is about.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_workers_forked_from_a_running_parent(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Gunicorn with preload: delivery runs in the parent when it forks; each child delivers its own, none hangs."""
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        before = put(delivery, 5)
        wait_for(delivery, lambda counts: counts.delivered == 5)
        undelivered = put(delivery, 5)
        children = [fork(lambda: put_and_flush(delivery)) for _ in range(4)]
        after = put(delivery, 5)
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        counts = wait_for(delivery, lambda counts: counts.delivered == 15 + 4 * 10)
        assert counts.requests == 15 + 4 * 10
    assert len(scripted.traces) == 15 + 4 * 10
    assert {*before, *undelivered, *after} <= scripted.traces
    assert set(scripted.spans.values()) == {1}, "nothing of the parent's was delivered by a child as well"


def fork(work: Callable[[], bool]) -> int:
    """Do the work in a child that ends without cleaning up after pytest; exit code 0 if it answers True."""
    child = os.fork()
    if child:
        return child
    try:
        os._exit(0 if work() else 1)
    finally:
        os._exit(2)


def put_and_flush(delivery: object) -> bool:
    """What a forked worker does."""
    from otel_mlflow.delivery import Delivery

    assert isinstance(delivery, Delivery)
    put(delivery, 10)
    return delivery.flush(timeout=60)
