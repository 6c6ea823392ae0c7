"""The ASGI servers, each as the command that serves `tests.server_matrix.app:served`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.ports import find_free_port
from tests.server_matrix.cases import Case, Socket
from tests.server_matrix.http2 import DOES_NOT_END, Http2Exchange
from tests.servers.process import ChildProcess, until

REPOSITORY = Path(__file__).resolve().parents[2]
APP = "tests.server_matrix.app:served"

SERVERS: dict[str, list[str]] = {
    "uvicorn": ["uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "on"],
    "uvicorn-h11": ["uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--http", "h11", "--ws", "wsproto"],
    "hypercorn": ["hypercorn", "--bind", "127.0.0.1:{port}"],
    "hypercorn-trio": ["hypercorn", "--bind", "127.0.0.1:{port}", "--worker-class", "trio"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"],
    "daphne": ["daphne", "--bind", "127.0.0.1", "--port", "{port}"],
    "hypercorn-http2": ["hypercorn", "--bind", "127.0.0.1:{port}"],
    "granian-http2": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"],
    "gunicorn": ["gunicorn", "--worker-class", "asgi", "--bind", "127.0.0.1:{port}"],
}
"""Name → module and arguments; the application comes last."""


PATIENCE = 5.0
"""Seconds until an answer that does not end is taken for whole: some servers keep the connection of a failed one."""


class MatrixServer:
    """One server in a process of its own."""

    def __init__(
        self, server: str, folder: Path, *, launcher: tuple[str, ...] = (), app: str = APP, **env: str
    ) -> None:
        folder.mkdir(parents=True)
        self.port = find_free_port()
        self.speaks_http2 = server.endswith("-http2")
        command = [part.format(port=self.port) for part in SERVERS[server]]
        environment = {
            "HOME": str(folder),
            "PYTHONPATH": str(REPOSITORY),
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(folder / "spool"),
            **env,
        }
        self.process = ChildProcess(
            [*launcher, sys.executable, "-m", *command, app], folder=folder, environment=environment
        )
        until(
            self._accepts, seconds=60, waiting_for=lambda: f"{server} to accept; its log:\n{self.process.log[-4000:]}"
        )
        # The first request imports what the others find imported.
        httpx.get(f"http://127.0.0.1:{self.port}/", timeout=60)

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def visit(self, case: Case) -> bytes:
        """Make one request; all bytes of the answer, or nothing where the client leaves before it has all."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            receive = self._request(connection, case)
            if case.leaves is None:
                return receive(None)
            if case.leaves:
                receive(case.leaves)
            else:
                until(lambda: self.witness()["seen"].get(case.name), seconds=30, waiting_for=lambda: case.name)
            return b""

    def _request(self, connection: socket.socket, case: Case) -> Callable[[int | None], bytes]:
        """Send the request; returns what receives so many bytes of the answer, or all."""
        if self.speaks_http2:
            return Http2Exchange(connection, case).receive
        connection.sendall(case.bytes_sent)
        return lambda size: connection.recv(size) if size else _all_of(connection)

    def connect(self, case: Socket) -> list[Any]:
        """Open one WebSocket, and say what its client saw."""
        from websockets.exceptions import ConnectionClosed, InvalidHandshake
        from websockets.sync.client import connect

        seen: list[Any] = []
        try:
            with connect(
                f"ws://127.0.0.1:{self.port}{case.path}",
                additional_headers={"X-Request-ID": case.name},
                compression=None,
                close_timeout=2,
            ) as client:
                for message in case.messages:
                    client.send(message)
                    seen.append(client.recv(timeout=PATIENCE))
                if case.leaves is None:
                    client.socket.shutdown(socket.SHUT_RDWR)
                elif case.messages:
                    client.close(case.leaves)
                else:
                    while True:
                        seen.append(client.recv(timeout=PATIENCE))
        except ConnectionClosed as closed:
            seen.append(closed.rcvd.code if closed.rcvd is not None else None)
        except (InvalidHandshake, TimeoutError) as error:
            seen.append(type(error).__name__)
        return seen

    def witness(self) -> dict[str, Any]:
        """What passed between server and application, and what became of the traces."""
        answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/witness", timeout=30).json()
        return answer


def _all_of(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except TimeoutError:
        received += DOES_NOT_END
    except ConnectionResetError:
        received += b"<reset>"
    return received
