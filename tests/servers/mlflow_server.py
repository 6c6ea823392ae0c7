"""A real `mlflow server` on SQLite."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, until

# Without the processes that run judges and scorers it starts in half the time.
LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


class MlflowServer:
    """The server's process and address. Starting it takes seconds: share one between tests, with an experiment each."""

    def __init__(
        self, folder: Path, *, store: str = "sqlite:///mlflow.db", host: str = "127.0.0.1", workers: int = 1
    ) -> None:
        self.folder = folder
        self._store = store
        self._host = host
        self._workers = workers
        self._port = find_free_port()
        self.url = f"http://{host}:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it, again on the same port and database after `stop()`; return when it answers."""
        # It answers nobody who calls it by another name; proxies of tests do so from ports of their own.
        environment = LEAN | {"MLFLOW_SERVER_ALLOWED_HOSTS": f"127.0.0.1:*,localhost:*,{self._host}:*"}
        self._child = ChildProcess(self._command(), folder=self.folder, environment=environment)
        until(self._healthy, seconds=180, waiting_for=lambda: f"the MLflow server; its log:\n{self._child.log[-4000:]}")

    def stop(self) -> None:
        """Stop it with all its workers."""
        self._child.terminate()

    def kill(self) -> None:
        """Stop it as the kernel does when memory runs out, workers included."""
        self._child.kill()

    @property
    def pid(self) -> int:
        """The id of its first process, and of the group of all of them."""
        return self._child.pid

    def _command(self) -> list[str]:
        storage = ["--backend-store-uri", self._store, "--artifacts-destination", "./artifacts"]
        address = ["--host", self._host, "--port", str(self._port), "--workers", str(self._workers)]
        return [sys.executable, "-m", "mlflow", "server", *storage, *address]

    def _healthy(self) -> bool:
        if self._child.exit_code is not None:
            pytest.fail(f"the MLflow server ended while starting; its log:\n{self._child.log[-4000:]}", pytrace=False)
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.TransportError:
            return False
