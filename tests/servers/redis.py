"""A real Redis, as Debian packages it, in a folder of its own."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, installed, until


class Redis:
    """The server, on loopback, with nothing on disk."""

    def __init__(self, folder: Path) -> None:
        program = installed("redis-server")
        folder.mkdir(parents=True, exist_ok=True)
        self._port = find_free_port()
        command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process = ChildProcess(command, folder=folder, environment={})
        until(self._accepts, seconds=20, waiting_for=lambda: f"Redis to accept:\n{self._process.log}")

    @property
    def url(self) -> str:
        """As its clients take it."""
        return f"redis://127.0.0.1:{self._port}/0"

    def stop(self) -> None:
        """End it."""
        self._process.terminate()

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
