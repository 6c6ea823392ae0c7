"""A real PostgreSQL, as Debian packages it, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ports import find_free_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OWNER = "postgres"
"""PostgreSQL refuses to run as root."""


class Postgres:
    """The cluster, on loopback; its files go with it."""

    def __init__(self) -> None:
        if not (PROGRAMS / "initdb").exists():
            pytest.skip("needs Debian's postgresql-15")
        self._folder = Path(tempfile.mkdtemp(prefix="otel-mlflow-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, OWNER)
        self._port = find_free_port()
        self._run("initdb", "--auth=trust", "--no-sync", "--username=postgres", f"--pgdata={self._folder}/data")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres", "mlflow")

    @property
    def pid(self) -> int:
        """The id of its first process, the parent of all others."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    @property
    def uri(self) -> str:
        """As MLflow takes it."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self._port}/mlflow"

    def start(self) -> None:
        """Start it, again with the same data after `crash()`."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c fsync=off -k {self._folder}"
        self._run("pg_ctl", f"--pgdata={self._folder}/data", f"--log={self._folder}/log", "-w", "-o", options, "start")

    def crash(self) -> None:
        """End it without a shutdown: connections are cut, and it must recover when it is started again."""
        self._run("pg_ctl", f"--pgdata={self._folder}/data", "-w", "-m", "immediate", "stop")

    def stop(self) -> None:
        """End it, and remove its files."""
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(PROGRAMS / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", OWNER, "--", *command]
        # The server keeps what it inherits: a pipe would never end.
        with (self._folder / f"{program}.out").open("wb") as output:
            ran = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
        assert ran.returncode == 0, (self._folder / f"{program}.out").read_text()
