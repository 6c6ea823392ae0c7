"""Shutting down with a backlog: in time, whatever the backend does, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivering import delivering, settings_for, wait_for
from tests.faults.test_death import notes
from tests.servers.process import until
from tests.servers.scripted import Fault, ScriptedMlflow

SHUTDOWN_TIMEOUT = 5.0
"""`delivery.shutdown_timeout`'s default, which the process runs with."""

TO_END = 20.0
"""Seconds that an interpreter may take to end on a busy machine; less than delivery waits for any answer elsewhere."""


@pytest.mark.parametrize("fault", [Fault(hangs=True), Fault(503), Fault(429, {"Retry-After": "3600"})], ids=str)
def test_shutdown_with_a_backlog(tmp_path: Path, scripted: ScriptedMlflow, fault: Fault) -> None:
    """The process exits within its timeout, and the next start delivers what it could not."""
    scripted.fault = fault
    log = tmp_path / "log"
    command = [
        sys.executable,
        "-m",
        "tests.faults.bursting",
        str(tmp_path / "spool"),
        scripted.url,
        str(log),
        "100",
        "0",
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: log.exists() and "done" in log.read_text(), seconds=30, waiting_for=lambda: "100 traces")
    until(lambda: len(scripted.requests) > 1, seconds=30, waiting_for=lambda: "a request")
    _, complaints = process.communicate("end\n", timeout=SHUTDOWN_TIMEOUT + TO_END)
    assert process.returncode == 0
    assert complaints == ""

    scripted.fault = None
    scripted.stopped.set()
    with delivering(settings_for(tmp_path / "spool", scripted.url)) as after:
        wait_for(after, lambda counts: counts.delivered == 100)
    assert scripted.traces == {trace_id for trace_id, _ in notes(log)}
