"""Any `module:app` under a real ASGI server, as a child process."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pytest

from tests.ports import find_free_port
from tests.servers.process import ChildProcess, until

REPOSITORY = Path(__file__).resolve().parents[2]
ServerName = Literal[
    "uvicorn",
    "uvicorn --lifespan off",
    "uvicorn --reload",
    "gunicorn",
    "gunicorn --preload",
    "hypercorn",
    "hypercorn --worker-class trio",
    "granian",
    "daphne",
]


class AppServer:
    """The process, its address and its log. What it writes (its working directory, spool, home) stays in `folder`."""

    def __init__(
        self,
        app: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        server: ServerName = "uvicorn",
        workers: int = 1,
        import_first: Path | None = None,
        launcher: Sequence[str] = (),
        host: str = "127.0.0.1",
        patience: float = 60.0,
    ) -> None:
        """Start `app` and return when it accepts connections; fail the test with the log's tail if it does not.

        `import_first` is a folder of packages that win over the installed ones (another version of FastAPI, say);
        `launcher` a command that starts another one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = find_free_port()
        self.host = host
        self.url = f"http://{host}:{self.port}"
        self._command = [*launcher, sys.executable, "-m", *self._arguments(server, app, workers)]
        self._environment = self._defaults(import_first) | dict(environment)
        self._patience = patience
        self.start()

    def start(self) -> None:
        """Start it, again on the same port and spool after `kill()` or `terminate()`."""
        self._child = ChildProcess(self._command, folder=self.folder, environment=self._environment)
        try:
            until(
                self._accepts, seconds=self._patience, waiting_for=lambda: f"{self._command}; its log:\n{self._tail()}"
            )
        except BaseException:
            self._child.kill()
            raise

    def terminate(self) -> int:
        """Stop it as a supervisor does; return its exit code."""
        return self._child.terminate()

    def ask_to_end(self, *, group: bool = False) -> None:
        """Send SIGTERM to the server's first process, as a container's supervisor does, and wait until it has ended.

        With `group` to all of its processes at once, as a service manager does.
        """
        (os.killpg if group else os.kill)(self.pid, signal.SIGTERM)
        until(lambda: self._child.exit_code is not None, seconds=60, waiting_for=lambda: f"its end:\n{self._tail()}")

    def kill(self) -> int:
        """Stop it as the kernel does when memory runs out; return its exit code."""
        return self._child.kill()

    @property
    def log(self) -> str:
        """All that the app and its server have written so far."""
        return self._child.log

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        return self._child.pid

    def _arguments(self, server: ServerName, app: str, workers: int) -> list[str]:
        program, *options = server.split()
        bind, port, processes = f"{self.host}:{self.port}", str(self.port), str(workers)
        arguments = {
            "uvicorn": ["--host", self.host, "--port", port, "--workers", processes, "--no-access-log"],
            "gunicorn": ["-k", "asgi", "-w", processes, "-b", bind],
            "hypercorn": ["-b", bind, "-w", processes],
            "granian": ["--interface", "asgi", "--host", self.host, "--port", port, "--workers", processes],
            "daphne": ["-b", self.host, "-p", port],
        }
        return [program, app, *arguments[program], *options]

    def _defaults(self, import_first: Path | None) -> dict[str, str]:
        paths = [*([import_first] if import_first else []), REPOSITORY]
        spool = str(self.folder / "spool")
        return {
            "HOME": str(self.folder),
            "PYTHONPATH": ":".join(map(str, paths)),
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": spool,
        }

    def _accepts(self) -> bool:
        if self._child.exit_code is not None:
            pytest.fail(f"{self._command} ended while starting; its log:\n{self._tail()}", pytrace=False)
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _tail(self) -> str:
        return self.log[-6000:]
