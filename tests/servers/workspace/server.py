"""One HTTP server of the stand-in."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.workspace.asked import Asked, FailedError, Reply, invalid
from tests.servers.workspace.faults import Fault, Faults
from tests.servers.workspace.routing import Routes


class Server:
    """Listens on a free port of 127.0.0.1 from `listen()` to `close()`; `identify` says as whom a request comes."""

    def __init__(self, identify: Callable[[Asked], str]) -> None:
        self.routes = Routes()
        self.faults = Faults()
        self.requests: list[Asked] = []
        """Every request that came, those that were answered with a fault included."""
        self._identify = identify
        self._connections: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Its address, also while it refuses connections."""
        return f"http://127.0.0.1:{self._port}"

    def listen(self) -> None:
        """Take connections, on the same port as before `refuse()`."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _ManyConnections(("127.0.0.1", self._port), handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections from now on, and cut those that there are."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in tuple(self._connections):
            _cut(connection)

    def close(self) -> None:
        """End for good."""
        self.faults.clear()
        self.refuse()

    def count(self, method: str, path: str) -> int:
        """How many requests of that method there were for paths that match the whole expression."""
        return sum(asked.method == method and re.fullmatch(path, asked.path) is not None for asked in self.requests)

    @property
    def connected(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    def opened(self, connection: socket.socket) -> None:
        """A client has connected."""
        self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """It is gone."""
        self._connections.discard(connection)

    def answer(self, asked: Asked) -> Reply | None:
        """The answer; None when there is to be none."""
        self.requests.append(asked)
        fault = self.faults.next(asked) or Fault(takes=True)
        reply = self._true_answer(asked) if fault.takes else None
        if fault.hangs:
            self.faults.hang()
        if fault.hangs or fault.cuts:
            return None
        return fault.reply if fault.status else reply

    def _true_answer(self, asked: Asked) -> Reply:
        try:
            return self.routes.answer(replace(asked, identity=self._identify(asked)))
        except FailedError as error:
            return error.reply
        except (KeyError, ValueError) as error:
            return invalid(f"Malformed request: {error!r}").reply


class _ManyConnections(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error of the server's."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Server

    def setup(self) -> None:
        super().setup()
        self.owner.opened(self.connection)

    def finish(self) -> None:
        self.owner.closed(self.connection)
        try:
            super().finish()
        except OSError:
            return  # the client is gone, which is its own affair

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        reply = self.owner.answer(self._asked())
        if reply is None:
            self.close_connection = True
            _cut(self.connection)
            return
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer

    def _asked(self) -> Asked:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Asked(self.command, self.path, {name.lower(): text for name, text in self.headers.items()}, body)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        length = {"Transfer-Encoding": "chunked"} if reply.events else {"Content-Length": str(len(reply.content))}
        for name, text in {**headers, **length}.items():
            self.send_header(name, text)
        self.end_headers()
        if reply.events is None:
            self.wfile.write(reply.content)
            return
        for event in reply.events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was cut by the other side
