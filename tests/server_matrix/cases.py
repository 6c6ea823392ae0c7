"""Requests and connections, each with the outcome that its trace must have."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One request over a socket of its own; `leaves` after this many bytes of the answer have come."""

    name: str
    path: str
    outcome: str = "ok"
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: bytes = b""
    route: str | None = "same"
    leaves: int | None = None

    @property
    def header_list(self) -> list[tuple[str, str]]:
        """The headers, `Host` and the name of the request in `X-Request-ID` first."""
        given = [header.partition(": ") for header in self.headers]
        return [("Host", "h.example"), ("X-Request-ID", self.name), *((name, value) for name, _, value in given)]

    @property
    def bytes_sent(self) -> bytes:
        """The request as it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Connection: close"]
        lines += [": ".join(header) for header in self.header_list]
        if self.body or self.method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"

HTTP = [
    Case("json", "/json"),
    Case("async", "/async"),
    Case("query", "/json?a=1&a=2&b=%ff", route="/json"),
    Case("head", "/json", method="HEAD"),
    Case("options", "/json", method="OPTIONS"),
    Case("not-allowed", "/json", method="DELETE"),
    Case("not-found", "/nowhere", route=None),
    Case("slash", "/json/", route=None),
    Case("text", "/text/ada", route="/text/{name}"),
    Case("text-odd", "/text/%C3%BC%00%FF", route="/text/{name}"),
    Case("created", "/created"),
    Case("nothing", "/nothing"),
    Case("cookies", "/cookies"),
    Case("echo", "/echo", method="POST", body=b"x" * 70_000),
    Case("echo-empty", "/echo", method="POST"),
    Case("echo-json", "/echo", method="POST", headers=(JSON,), body=b'{"a": [1, 2]}'),
    Case("model", "/model", method="POST", headers=(JSON,), body=b'{"a": 1}'),
    Case("model-refused", "/model", method="POST", headers=(JSON,), body=b'{"a": "x"}'),
    Case("model-broken", "/model", method="POST", headers=(JSON,), body=b'{"a": '),
    Case("big", "/big"),
    Case("file", "/file"),
    Case("file-range", "/file", headers=("Range: bytes=0-9",)),
    Case("stream", "/stream"),
    Case("stream-sync", "/stream/sync"),
    Case("stream-empty", "/stream/empty"),
    Case("stream-fails", "/stream/fails", "error"),
    Case("fails", "/fails", "error"),
    Case("refused", "/refused"),
    Case("unavailable", "/unavailable", "error"),
    Case("background", "/background"),
    Case("background-fails", "/background/fails", "error"),
    Case("dependency-fails", "/dependency/fails", "error"),
    Case("silent", "/silent/x", "error", route="/silent/{path}"),
    Case("half", "/half/x", "error", route="/half/{path}"),
    Case("mounted", "/tenants/ada/in/x", route="/tenants/{tenant}/in/x"),
    Case("passing", "/passing/", route="/passing/{path}"),
    Case("passing-fails", "/passing-fails/", "error", route="/passing-fails/{path}"),
    Case("gzip", "/gzip/", headers=("Accept-Encoding: gzip",), route="/gzip/{path}"),
    Case("handler-fails", "/strict", "error", route="/"),
    Case("caller", "/json", headers=(f"traceparent: 00-{'a' * 32}-{'b' * 16}-00",)),
    Case(
        "caller-forged",
        "/json",
        headers=(f"traceparent: 00-{'a' * 32}-{'b' * 16}-00", f"tracestate: otelmlflow={'c' * 32}-{'d' * 16}"),
    ),
    Case("header-odd", "/json", headers=("X-Odd: \xff\xfe", "Cookie: a=\xb2", "User-Agent: \xe9")),
    Case("header-long", "/json", headers=(f"X-Long: {'x' * 4000}",)),
    Case("header-twice", "/json", headers=("X-Two: 1", "X-Two: 2")),
    Case("head-file", "/file", method="HEAD"),
    Case("file-range-beyond", "/file", headers=("Range: bytes=999999999-",)),
    Case("gzip-not-wanted", "/gzip/", route="/gzip/{path}"),
    Case("patch", "/echo", method="PATCH", headers=(JSON,), body=b"[]"),
    Case("options-nowhere", "/nowhere", method="OPTIONS", route=None),
    Case("slashes", "//json", route=None),
    Case("text-long", f"/text/{'x' * 2000}", route="/text/{name}"),
    Case("text-slash", "/text/a%2Fb", route=None),
    Case("query-long", f"/json?q={'x' * 4000}", route="/json"),
    Case("form", "/echo", method="POST", headers=(FORM,), body=b"a=1&b=%FF&a=2"),
    Case("form-for-model", "/model", method="POST", headers=(FORM,), body=b"a=1"),
    Case("wrong-charset", "/echo", method="POST", headers=("Content-Type: text/plain; charset=bz2",), body=b"BZh91"),
    Case("not-utf-8", "/echo", method="POST", headers=(JSON,), body=b'{"a": "\xff\xfe"}'),
    Case("caller-malformed", "/json", headers=("traceparent: 00-zz-01", "tracestate: ,,=", "baggage: ;;")),
]

LEAVING = [
    Case("leaves-stream", "/stream/slow", "cancelled", leaves=1),
    Case("leaves-waiting", "/waits/x", "cancelled", leaves=0),
]


class Socket(NamedTuple):
    """One WebSocket connection: what its client sends, and the code that it leaves with; None where it just goes."""

    name: str
    path: str
    outcome: str
    messages: tuple[str, ...] = ()
    leaves: int | None = 1000


SOCKETS = [
    Socket("ws-echo", "/ws/echo", "ok", ("a", "b")),
    Socket("ws-echo-going-away", "/ws/echo", "ok", ("a",), 1001),
    Socket("ws-echo-long", "/ws/echo", "ok", ("x" * 60_000, "", "ü€𝄞")),
    Socket("ws-closes", "/ws/closes/1000", "ok"),
    Socket("ws-closes-policy", "/ws/closes/1008", "ok"),
    Socket("ws-closes-internal", "/ws/closes/1011", "error"),
    Socket("ws-refuses", "/ws/refuses", "ok"),
    Socket("ws-fails", "/ws/fails", "error"),
    Socket("ws-gone", "/ws/echo", "cancelled", ("a",), None),
]

_GONE = {"ws-echo": "cancelled", "ws-echo-long": "cancelled", "ws-echo-going-away": "cancelled"}
_CLOSED = {"ws-gone": "ok"}

BY_SERVER = {
    "hypercorn": _GONE,
    "hypercorn-trio": _GONE,
    "hypercorn-http2": _GONE,
    "gunicorn": _GONE,
    "uvicorn": _CLOSED,
    "uvicorn-h11": _CLOSED,
    "granian": _CLOSED,
    "granian-http2": _CLOSED,
    "daphne": {"ws-closes-policy": "error", "ws-echo-long": "cancelled"},
}
"""Outcomes where a server says something else of a WebSocket: that each client that closes it is gone (1006), or that
one that is gone has closed it without a code (1005). daphne lets applications close with few codes, and raises;
it sends no empty message, for which its client waits in vain and then leaves with an error.
"""
