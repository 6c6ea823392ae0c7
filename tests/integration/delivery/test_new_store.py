"""A local store that is not there yet, opened by processes that start together, or that do not live long."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from otel_mlflow.delivery.destinations.tracking_store import open_store
from otel_mlflow.errors import MisconfigurationError
from tests.servers.process import ChildProcess, until

OPEN = (
    "import sys\n"
    "from otel_mlflow.delivery.destinations.tracking_store import open_store\n"
    "open_store(sys.argv[1], sys.argv[1])\n"
    "print('it opens')\n"
)

FORK = """
import faulthandler, os, sys, threading
from pathlib import Path
from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from tests.servers.process import until

def open_it():
    TrackingStore(f"sqlite:///{sys.argv[1]}", experiment_name="forked", experiment_id=None).open()

maker = threading.Thread(target=open_it)
maker.start()
new = Path(f"{sys.argv[1]}.new")
until(lambda: new.exists() and new.stat().st_size, seconds=120, waiting_for=lambda: "the first table")
child = os.fork()
if child == 0:
    faulthandler.dump_traceback_later(60, exit=True)
    open_it()
    print("it opens", flush=True)
    os._exit(0)
maker.join()
os.waitpid(child, 0)
"""


def opening(folder: Path, store: Path) -> ChildProcess:
    """Start a process that opens the store."""
    folder.mkdir()
    return ChildProcess([sys.executable, "-c", OPEN, f"sqlite:///{store}"], folder=folder, environment={})


def opens(process: ChildProcess) -> bool:
    """Wait for the end of such a process."""
    until(lambda: process.exit_code is not None, seconds=120, waiting_for=lambda: f"its end:\n{process.log}")
    return "it opens" in process.log


@pytest.mark.soak
def test_two_workers_that_start_at_once(tmp_path: Path) -> None:
    """Both open the store that one of them makes."""
    store = tmp_path / "mlflow.db"
    workers = [opening(tmp_path / name, store) for name in ("one", "other")]
    assert [opens(worker) for worker in workers] == [True, True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_that_forks_meanwhile(tmp_path: Path) -> None:
    """Its child opens the store, too: no lock of the thread that makes it, SQLite's or MLflow's, stays held there."""
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "mlflow.db")]
    assert opens(ChildProcess(command, folder=tmp_path, environment={}))


@pytest.mark.soak
def test_a_process_that_is_killed_meanwhile(tmp_path: Path) -> None:
    """The next one opens the store."""
    store = tmp_path / "mlflow.db"
    first = opening(tmp_path / "first", store)
    until(
        lambda: (found := tmp_path / "mlflow.db.new").exists() and found.stat().st_size,
        seconds=120,
        waiting_for=lambda: f"the first table:\n{first.log}",
    )
    first.kill()
    assert not store.exists()
    assert opens(opening(tmp_path / "second", store))


def test_a_store_that_another_program_left_half_made(tmp_path: Path) -> None:
    """What is wrong with it is said, and what to do."""
    store = tmp_path / "mlflow.db"
    connection = sqlite3.connect(store)
    connection.execute("CREATE TABLE spans (x)")
    connection.close()
    with pytest.raises(MisconfigurationError, match="already exists") as raised:
        open_store(f"sqlite:///{store}", "the store")
    assert "move its file away" in raised.value.fix


def test_a_store_of_a_newer_mlflow(tmp_path: Path) -> None:
    """Its tables are known by a revision that this MLflow does not have."""
    store = tmp_path / "mlflow.db"
    connection = sqlite3.connect(store)
    with connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0123456789ab')")
    connection.close()
    with pytest.raises(MisconfigurationError, match="0123456789ab") as raised:
        open_store(f"sqlite:///{store}", "the store")
    assert "mlflow db upgrade" in raised.value.fix


def test_a_store_that_takes_no_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's files, where they are still allowed."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with pytest.raises(MisconfigurationError, match="FileStore, takes no spans") as raised:
        open_store(f"file://{tmp_path}", "the store")
    assert "sqlite:///mlflow.db" in raised.value.fix
