"""A tracking store whose database does not answer: told at once, and nothing of the application's waits for it."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from mlflow import MlflowClient

from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from otel_mlflow.errors import MisconfigurationError
from tests.delivering import delivering, settings_for
from tests.ports import find_free_port
from tests.servers.process import until


def address(port: int) -> str:
    """A PostgreSQL database."""
    return f"postgresql+psycopg2://ada:hunter2@127.0.0.1:{port}/traces"


def test_a_database_that_refuses_connections_is_told_of(tmp_path: Path) -> None:
    """MLflow alone tries for two minutes before it says a word."""
    with delivering(settings_for(tmp_path, address(find_free_port()))) as delivery:
        until(lambda: delivery.status().state == "failed", seconds=60, waiting_for=lambda: f"{delivery.status()}")
        status = delivery.status()
    assert "Connection refused" in status.reason
    assert "check that its database runs" in status.fix
    assert "hunter2" not in str(status)


def test_no_other_store_waits_while_it_is_connected_to(tmp_path: Path) -> None:
    """MLflow makes its stores under locks, which whoever asks it for any store waits for."""
    failed: list[Exception] = []

    def open_store() -> None:
        try:
            TrackingStore(address(port), experiment_name="any", experiment_id=None).open()
        except MisconfigurationError as error:
            failed.append(error)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        opening = threading.Thread(target=open_store, daemon=True)
        opening.start()
        connection, _ = silent.accept()
        other = threading.Thread(target=MlflowClient, args=[f"sqlite:///{tmp_path}/other.db"], daemon=True)
        other.start()
        other.join(120)
        assert not other.is_alive()
        assert opening.is_alive()
        connection.close()
    opening.join(120)
    assert failed


@pytest.mark.parametrize("name", ["missing", "no folder/mlflow.db"])
def test_a_file_that_cannot_be_opened_is_told_of(tmp_path: Path, name: str) -> None:
    """It is a folder, or stands where there should be one."""
    (tmp_path / "missing").mkdir()
    (tmp_path / "no folder").write_text("")
    with delivering(settings_for(tmp_path / "spool", f"sqlite:///{tmp_path}/{name}")) as delivery:
        until(lambda: delivery.status().state == "failed", seconds=60, waiting_for=lambda: f"{delivery.status()}")
        assert "cannot be opened" in delivery.status().reason
