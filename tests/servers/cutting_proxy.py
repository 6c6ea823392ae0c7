"""A proxy that hands requests on, and then cuts the line instead of bringing the answer back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from typing_extensions import Self

NOT_HANDED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class CuttingProxy:
    """Stands before the server at `target`; use as a context manager.

    The next `cuts` POSTs whose path ends in `after` get no answer, as often as they are made; `cut` counts them.
    """

    def __init__(self, target: str, *, cuts: int, after: str = "") -> None:
        self.target = urlsplit(target).netloc
        self.cuts = cuts
        self.cut = 0
        self.after = after
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def is_to_cut(self, path: str) -> bool:
        """Whether the answer that has just come from there is to be kept back."""
        with self._lock:
            cuts = self.cut < self.cuts and path.endswith(self.after)
            self.cut += cuts
            return cuts

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: CuttingProxy

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        onwards = http.client.HTTPConnection(self.owner.target, timeout=30)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in NOT_HANDED_ON}
        onwards.request(self.command, self.path, body, headers)
        answer = onwards.getresponse()
        content = answer.read()
        onwards.close()
        if self.command == "POST" and self.owner.is_to_cut(self.path):
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, text in answer.getheaders():
            if name.lower() not in NOT_HANDED_ON:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
