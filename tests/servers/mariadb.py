"""A real MariaDB, as Debian packages it, in a folder of its own: what a MySQL server is to MLflow."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, until

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb")
OWNER = "mysql"
"""The server refuses to run as root."""


class MariaDb:
    """The server, on loopback; its files go with it."""

    def __init__(self) -> None:
        if not all(map(shutil.which, PROGRAMS)) or importlib.util.find_spec("pymysql") is None:
            pytest.skip("tried by hand: there are not both Debian's mariadb-server and pymysql")
        self._folder = Path(tempfile.mkdtemp(prefix="otel-mlflow-mariadb-"))
        self._socket, self._port = self._folder / "socket", find_free_port()
        is_root = os.geteuid() == 0
        if is_root:
            shutil.chown(self._folder, OWNER)
        self._owner = [f"--user={OWNER}"] if is_root else []
        data = f"--datadir={self._folder}/data"
        install = ["mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal"]
        self._run([*install, "--skip-test-db", *self._owner])
        listen = [f"--socket={self._socket}", "--bind-address=127.0.0.1", f"--port={self._port}"]
        serve = ["mariadbd", "--no-defaults", data, *listen, f"--pid-file={self._folder}/pid", *self._owner]
        self._server = ChildProcess(serve, folder=self._folder, environment={})
        until(self._socket.exists, seconds=60, waiting_for=lambda: f"MariaDB; its log:\n{self._server.log[-4000:]}")
        self._run(
            ["mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root", "-e", "CREATE DATABASE mlflow"]
        )

    @property
    def uri(self) -> str:
        """As MLflow takes it."""
        return f"mysql+pymysql://root@127.0.0.1:{self._port}/mlflow"

    def stop(self) -> None:
        """End it, and remove its files."""
        self._server.terminate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        ran = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
