"""One HTTP exchange, or one WebSocket connection, as the middleware saw it.

Only kept here, while the request runs; what becomes of it in the trace is worked out later, off the request's path.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, MutableMapping
from traceback import format_exception
from typing import Any, Literal, NamedTuple

from otel_mlflow.content import BodyCollector

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Headers = dict[bytes, bytes]
Outcome = Literal["ok", "error", "cancelled"]


class ContentType(NamedTuple):
    """The headers that say how a body is to be read."""

    type: str
    encoding: str


class Failure(NamedTuple):
    """The exception that ended the exchange, in words: holding on to the exception would keep its frames alive.

    `traceback` is empty where the span has it.
    """

    type: str
    message: str
    cancelled: bool
    traceback: str

    @classmethod
    def of(cls, error: BaseException, *, with_traceback: bool) -> Failure:
        """Put an exception into words. What is no `Exception` is no fault of the application's."""
        cancelled = not isinstance(error, Exception)
        said = "".join(format_exception(error)) if with_traceback and not cancelled else ""
        return cls(type(error).__qualname__, str(error), cancelled, said)


_FRAMES = ContentType("application/x-ndjson", "")

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})


class Exchange:
    """What is known of the exchange so far.

    Times are nanoseconds since the epoch, on a clock that does not jump while the exchange lasts.
    """

    __slots__ = (
        "_started",
        "client_left",
        "ended_ns",
        "experiment_for",
        "failure",
        "first_byte_ns",
        "headers",
        "is_websocket",
        "method",
        "mounted_at",
        "path",
        "query",
        "request_body",
        "request_type",
        "response_body",
        "response_type",
        "root_path",
        "route",
        "scope",
        "started_ns",
        "status_code",
        "streamed",
    )

    def __init__(self, scope: Scope, headers: Headers, *, capture_bytes: int | None) -> None:
        self.scope = scope
        self.headers = headers
        self.is_websocket = scope["type"] == "websocket"
        self.method: str = scope.get("method") or "GET"
        self.path: str = scope["path"]
        self.root_path: str = scope.get("root_path", "")
        self.mounted_at = self.root_path.removeprefix(scope["app_root_path"]) if "app_root_path" in scope else ""
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.request_body = BodyCollector(capture_bytes) if capture_bytes is not None else None
        self.response_body = BodyCollector(capture_bytes) if capture_bytes is not None else None
        self.request_type = _content_of(headers) if not self.is_websocket else _FRAMES
        self.response_type = _FRAMES
        self.route: str | None = None
        self.status_code: int | None = None
        self.failure: Failure | None = None
        self.client_left = False
        self.streamed = False
        self.first_byte_ns: int | None = None
        self.ended_ns: int | None = None
        self.experiment_for: Callable[[Scope], str | None] | None = None
        self.started_ns = time.time_ns()
        self._started = time.perf_counter_ns()

    @property
    def name(self) -> str:
        """The name of the span and of the trace (HTTP semantic conventions, "Name")."""
        method = self.method if self.method in _METHODS else "HTTP"
        return f"{method} {self.route}" if self.route else method

    @property
    def known_method(self) -> str:
        """The method as the semantic conventions want it: one of those they know, or `_OTHER`."""
        return self.method if self.method in _METHODS else "_OTHER"

    @property
    def complete(self) -> bool:
        """Whether the last byte of the response has been handed over."""
        return self.ended_ns is not None

    @property
    def outcome(self) -> Outcome:
        """How it ended; an exchange that was cut short is no success and no failure of the application."""
        if self.client_left or (self.failure is not None and self.failure.cancelled):
            return "cancelled"
        return "error" if self.failure is not None or (self.status_code or 0) >= 500 else "ok"

    @property
    def error_type(self) -> str | None:
        """`error.type` of the HTTP semantic conventions: the exception's name, else the status code."""
        if self.failure is not None:
            return self.failure.type
        if self.client_left:
            return "cancelled"
        return str(self.status_code) if (self.status_code or 0) >= 500 else None

    def now_ns(self) -> int:
        """The time on this exchange's own clock."""
        return self.started_ns + time.perf_counter_ns() - self._started

    def received(self, message: Message) -> None:
        """Take note of a message that the application has received."""
        kind = message["type"]
        if kind == "http.request":
            if self.request_body is not None:
                self.request_body.add(message.get("body", b""))
        elif kind == "http.disconnect":
            self.client_left = self.client_left or not self.complete
        elif kind == "websocket.receive":
            _add_frame(self.request_body, message)

    def sent(self, message: Message) -> None:
        """Take note of a message that the server has taken."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status_code = message["status"]
            self.response_type = _content_of(dict(message.get("headers", ())))
        elif kind == "http.response.body":
            self._sent_body(message)
        elif kind in ("http.response.trailers", "http.response.pathsend"):
            self._end_unless(message.get("more_trailers", False))
        elif kind == "websocket.accept":
            self.status_code = 101
        elif kind == "websocket.send":
            _add_frame(self.response_body, message)
        elif kind == "websocket.close" and self.status_code is None:
            self.status_code = 403

    def end(self) -> None:
        """The exchange is over, whether or not the response was complete."""
        if self.ended_ns is None:
            self.ended_ns = self.now_ns()

    def _sent_body(self, message: Message) -> None:
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if self.first_byte_ns is None and body:
            self.first_byte_ns = self.now_ns()
            self.streamed = more
        if self.response_body is not None:
            self.response_body.add(body)
        self._end_unless(more)

    def _end_unless(self, more: bool) -> None:
        if not more:
            self.end()


def as_keys(names: Iterable[str]) -> tuple[bytes, ...]:
    """Names of headers as ASGI has them."""
    return tuple(name.lower().encode("latin-1") for name in names)


def first_header(headers: Headers, names: Iterable[bytes]) -> str | None:
    """The value of the first of these headers that says anything."""
    return next((value.decode("latin-1") for name in names if (value := headers.get(name, b"").strip())), None)


def _content_of(headers: Headers) -> ContentType:
    return ContentType(
        headers.get(b"content-type", b"").decode("latin-1"), headers.get(b"content-encoding", b"").decode("latin-1")
    )


def _add_frame(collector: BodyCollector | None, message: Message) -> None:
    """Frames are kept as lines, each a JSON document."""
    if collector is None:
        return
    text = message.get("text")
    if text is None:
        text = json.dumps({"bytes": len(message.get("bytes") or b"")})
    collector.add((json.dumps(text) if "\n" in text else text).encode() + b"\n")
