"""The disk is read-only, full, or has damaged the spool: requests are unaffected, and it is said what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from otel_mlflow.status import Status
from tests.delivering import delivering, put, settings_for, wait_for
from tests.servers.process import until
from tests.servers.scripted import Fault, ScriptedMlflow

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a file system: {mounted.stderr.strip()}")
    yield folder
    assert run("umount", "--lazy", str(folder)).returncode == 0


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the system's, if it is there."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"needs {name}")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def until_state(delivery: Delivery, state: str) -> Status:
    """Wait for a state of delivery."""
    until(lambda: delivery.status().state == state, seconds=20, waiting_for=lambda: f"{state}, not {delivery.status()}")
    return delivery.status()


def test_read_only_folder(small_disk: Path, scripted: ScriptedMlflow) -> None:
    """Traces wait in memory and are delivered from there; when the folder can be written to, they are on disk again."""
    assert run("mount", "-o", "remount,ro", str(small_disk)).returncode == 0
    with delivering(settings_for(small_disk / "spool", scripted.url)) as delivery:
        ids = put(delivery, 10)
        wait_for(delivery, lambda counts: counts.delivered == 10)
        status = until_state(delivery, "degraded")
        assert str(small_disk / "spool") in status.reason
        assert "write" in status.fix
        assert status.spool.in_memory

        assert run("mount", "-o", "remount,rw", str(small_disk)).returncode == 0
        until_state(delivery, "ok")
        ids += put(delivery, 10)
        assert wait_for(delivery, lambda counts: counts.delivered == 20).requests == 20
        assert not delivery.status().spool.in_memory
    assert scripted.traces == set(ids)


def test_full_disk(small_disk: Path) -> None:
    """What is on a full disk stays there, what is new waits in memory, and goes to disk when there is room."""
    with delivering(settings_for(small_disk / "spool", NOWHERE)) as delivery:
        put(delivery, 10)
        wait_for(delivery, lambda counts: counts.pending == 10)
        ballast = fill(small_disk)
        put(delivery, 200)
        until(lambda: delivery.status().spool.in_memory, seconds=20, waiting_for=lambda: f"{delivery.status()}")
        assert "full" in str(delivery.status())
        wait_for(delivery, lambda counts: counts.pending == 210)

        ballast.unlink()
        until(lambda: not delivery.status().spool.in_memory, seconds=20, waiting_for=lambda: f"{delivery.status()}")
        assert wait_for(delivery, lambda counts: counts.pending == 210).requests == 210


def fill(disk: Path) -> Path:
    """Leave no room on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


@pytest.mark.parametrize("damage", ["header", "middle"])
def test_spool_file_corrupted_between_two_starts(tmp_path: Path, scripted: ScriptedMlflow, damage: str) -> None:
    """The damaged file is set aside, and everything that can be read in it is delivered."""
    settings = settings_for(tmp_path, scripted.url)
    scripted.fault = Fault(503)
    with delivering(settings) as first:
        ids = put(first, 200)
        wait_for(first, lambda counts: counts.pending == 200)
    (file,) = tmp_path.glob("spool-*.db")
    content = bytearray(file.read_bytes())
    start = 0 if damage == "header" else len(content) // 2 // 4096 * 4096
    content[start : start + 8192] = os.urandom(8192)
    file.write_bytes(content)

    scripted.fault = None
    with delivering(settings) as second:
        check_salvage(second, scripted, ids)


def test_spool_file_corrupted_under_a_running_process(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Another program writes into the open file: what is put afterwards arrives, and what can be read of the rest."""
    scripted.fault = Fault(503)
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        ids = put(delivery, 200)
        wait_for(delivery, lambda counts: counts.pending == 200)
        (file,) = tmp_path.glob("spool-*.db")
        with file.open("r+b") as spool:
            spool.write(os.urandom(8192))
        ids += put(delivery, 200)
        wait_for(delivery, lambda counts: counts.requests == 400)
        scripted.fault = None
        check_salvage(delivery, scripted, ids)


def check_salvage(delivery: Delivery, scripted: ScriptedMlflow, ids: list[str]) -> None:
    """Check that all but a few arrive, and that those few are counted as dropped."""
    counts = wait_for(delivery, lambda counts: counts.delivered + counts.dropped == len(ids) and not counts.pending)
    assert counts.dropped <= len(ids) // 10
    assert scripted.traces <= set(ids)
    assert len(scripted.traces) >= counts.delivered


def test_damage_is_told_until_somebody_has_looked(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """The state is degraded and names the file, until that is taken away."""
    (tmp_path / "spool").mkdir()
    settings = settings_for(tmp_path / "spool", scripted.url)
    with delivering(settings) as first:
        put(first, 1)
        wait_for(first, lambda counts: counts.delivered == 1)
    (file,) = (tmp_path / "spool").glob("spool-*.db")
    file.write_bytes(b"this is no database" * 1000)
    with delivering(settings) as delivery:
        ids = put(delivery, 5)
        wait_for(delivery, lambda counts: counts.delivered == 5)
        status = until_state(delivery, "degraded")
        (aside,) = (tmp_path / "spool").glob("*.corrupt-1")
        assert str(aside) in status.reason
        assert str(aside) in status.fix
        assert aside.read_bytes() == b"this is no database" * 1000
        aside.unlink()
        until_state(delivery, "ok")
    assert set(ids) <= scripted.traces
