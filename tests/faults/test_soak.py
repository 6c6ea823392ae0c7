"""A backend that is down for a long time, under load; and what becomes of the backlog when it is back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.settings import Settings
from otel_mlflow.status import Counts
from tests.delivering import EXPERIMENT, assert_adds_up, delivering, put, settings_for, wait_for
from tests.faults.stored import LateServer, stored_in
from tests.servers.app_server import REPOSITORY
from tests.servers.process import clean_environment
from tests.servers.scripted import Fault, ScriptedMlflow

pytestmark = pytest.mark.soak

TRACES = 100_000
MORE_MEMORY = 64 * 1024 * 1024
"""Bytes that a process may grow by while it waits, and while it delivers."""

LIVE_TRACES = 1000
"""A real MLflow server takes twenty milliseconds for a whole trace info."""

Hoard = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def hoard(tmp_path: Path) -> Iterator[Hoard]:
    """Start a process that serves so many requests, in a folder where no settings lie."""
    started = []

    def start(requests: int, uri: str) -> subprocess.Popen[str]:
        environment = {
            "OTEL_MLFLOW_TRACKING_URI": uri,
            "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
            "PYTHONPATH": str(REPOSITORY),
        }
        command = [sys.executable, "-m", "tests.faults.hoarding", str(requests)]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=clean_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> tuple[int, Counts, dict[str, Any]]:
    """What the process says next: its memory's growth, the counters, and the spool."""
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    counts = Counts(**said["status"]["counts"])
    assert_adds_up(counts)
    return said["growth"], counts, said["status"]["spool"]


@pytest.mark.timeout(1800)
def test_100_000_traces_while_the_backend_is_down(hoard: Hoard, scripted: ScriptedMlflow) -> None:
    """Memory and disk stay within bounds, all that the bound allows is kept, and all of that is delivered, once."""
    scripted.fault = Fault(503)
    process = hoard(TRACES, scripted.url)
    growth, counts, spool = told(process)
    assert counts.requests == TRACES
    assert counts.pending + counts.dropped == TRACES
    assert counts.dropped == 0 or spool["bytes"] > 0.9 * max_spool_bytes()
    assert spool["bytes"] <= max_spool_bytes()
    assert not spool["in_memory"]
    assert growth < MORE_MEMORY

    scripted.fault = None
    assert process.stdin is not None
    print(file=process.stdin, flush=True)
    growth, drained, _ = told(process)
    assert (drained.delivered, drained.quarantined) == (counts.pending, 0)
    assert growth < MORE_MEMORY
    assert len(scripted.traces) == drained.delivered
    assert set(scripted.spans.values()) == {1}


def max_spool_bytes() -> int:
    """The default of the setting."""
    return Settings().delivery.max_spool_bytes


@pytest.mark.timeout(900)
def test_a_backlog_is_drained_into_a_live_server(tmp_path: Path) -> None:
    """All of it arrives, whole and once, when a real server comes up."""
    server = LateServer(tmp_path)
    with delivering(settings_for(tmp_path / "spool", server.url), read_timeout=60) as delivery:
        ids = put(delivery, LIVE_TRACES)
        wait_for(delivery, lambda counts: counts.pending == LIVE_TRACES)
        server.start()
        try:
            counts = wait_for(delivery, lambda counts: counts.pending == 0, seconds=600)
            assert counts.delivered == LIVE_TRACES
            assert stored_in(server, EXPERIMENT) == dict.fromkeys(ids, 6)
        finally:
            server.stop()
