"""One HTTP exchange, or one WebSocket connection, as the middleware saw it.

Only kept here, while the request runs; what becomes of it in the trace is worked out later, off the request's path.

When it ends:

1. A response ends when `send` has returned from its last message: the body, `zerocopysend` or `pathsend` without
   `more_body`, and after a start with `trailers` the trailers without `more_trailers`.
2. A WebSocket ends when `send` has returned from the application's `websocket.close`, or from the last message of a
   denial.
3. What has not ended when the application is done ends then.

When the client has left:

4. `http.disconnect` is received, or `send` raises `OSError`, before the exchange has ended.
5. Not so while the last message is being sent: the server takes its leave, and a cancellation of that `send` which
   follows ends the exchange like its return.
6. `websocket.disconnect` comes with another code than 1000, 1001 and 1005, and the application had not closed.

How it ended:

7. `cancelled`: the client has left, or a cancellation left the application before the end.
8. `error`: an exception left the application; the status is 5xx; it closed a WebSocket with 1011 to 1014; or it was
   done before the end of a response, or without having accepted or denied a WebSocket: no caller gets that whole.
9. After the end an exception is an error still, and moves neither the end nor the status; a cancellation is nothing.
10. `ok`: all else.

What servers do, which rules 4 to 6 and 9 are about:

| server | a client leaves | the last byte is sent | a WebSocket's client closes, is gone |
| --- | --- | --- | --- |
| uvicorn | `http.disconnect` | `http.disconnect` after `send` | its code, 1005 |
| hypercorn (asyncio, trio) | `http.disconnect` | `http.disconnect` while `send` is pending | 1006, 1006 |
| granian | `http.disconnect` | `http.disconnect` after `send` | its code, 1005 |
| daphne | `http.disconnect`, seconds later a cancellation | nothing | its code, 1006 |
| gunicorn | `http.disconnect` | nothing | nothing or its code, 1006 |
| any of ASGI 2.4 | `send` raises `OSError` | | |
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Literal

from otel_mlflow.content import Body
from otel_mlflow.guard import attempt, guarded, report_user_error
from otel_mlflow.http.exceptions import ExceptionRecord, is_cancellation, is_disconnect
from otel_mlflow.http.headers import ContentType, Headers, read_content_type, read_request_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Outcome = Literal["ok", "error", "cancelled"]

_FRAMES = ContentType("application/x-ndjson", "")

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

_NORMAL_CLOSURE = (1000, 1001, 1005)
"""Codes with which a WebSocket's client takes its leave (RFC 6455 section 7.4.1); without one it is just gone."""

_SERVER_ERRORS = range(1011, 1015)
"""Codes with which a WebSocket's server says what 5xx says in HTTP: internal error, restart, overload, bad gateway."""

_LAST_UNLESS_MORE = {
    "http.response.body": "more_body",
    "http.response.pathsend": "more_body",
    "http.response.zerocopysend": "more_body",
    "http.response.trailers": "more_trailers",
    "websocket.http.response.body": "more_body",
}
"""Messages that end a response, unless this key of theirs says that more of the kind follows."""

_SHOWN = ("scheme", "http_version", "client", "server", "path_params")
"""What a trace shows of the scope."""

_STARTS = ("http.response.start", "websocket.http.response.start")


class BodyCollector:
    """Keeps at most `limit` bytes of what is added. A chunk costs the same however much came before it."""

    __slots__ = ("_chunks", "_limit", "_room", "total")

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = self._room = limit
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take note of the next chunk."""
        self.total += len(chunk)
        if self._room and chunk:
            # No copy of a whole `bytes`; a copy of anything else, which its owner may go on writing to.
            kept = bytes(chunk[: self._room])
            self._chunks.append(kept)
            self._room -= len(kept)

    def body(self) -> Body:
        """Join what was kept."""
        return Body(b"".join(self._chunks), self.total, self._limit)


class Exchange:
    """What is known of the exchange so far.

    Times are nanoseconds since the epoch, on a clock that does not jump while the exchange lasts.
    """

    is_sampled = True
    lasts = False
    """Whether messages follow each other for a while: those of a WebSocket, or the parts of a body."""
    route: str | None = None
    status_code: int | None = None
    close_code: int | None = None
    exception: ExceptionRecord | None = None
    was_cancelled = client_left = streamed = False
    first_byte_ns: int | None = None
    ended_ns: int | None = None
    routed: tuple[Scope, str] | None = None
    """The scope that the application's router was called with, which middleware may have copied, and its path."""
    endpoint_before: object = None
    """What a router outside of the middleware has chosen."""
    experiment: str | None = None
    experiment_for: Callable[[Scope], str | None] | None = None
    experiment_error: Exception | None = None
    request_id: str | None = None
    request_body: BodyCollector | None = None
    response_body: BodyCollector | None = None
    sending: Message | None = None
    """The message that was handed to the server last."""
    _response_headers: Iterable[tuple[bytes, bytes]] | None = None
    _trailers_follow = _server_took_leave = False

    def __init__(self, scope: Scope, *, capture_bytes: int | None) -> None:
        self.started_ns, self._started = time.time_ns(), time.perf_counter_ns()
        self.scope = scope
        self.headers = headers = _read_headers(scope)
        self.is_websocket = self.lasts = scope["type"] == "websocket"
        self.method: str = scope.get("method") or "GET"
        self.path: str = scope["path"]
        self.query: str = (scope.get("query_string") or b"").decode("latin-1")
        if b"x-request-id" in headers:
            self.request_id = read_request_id(headers)
        if capture_bytes is not None:
            self.request_body = BodyCollector(capture_bytes)
            self.response_body = BodyCollector(capture_bytes)

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
    def request_type(self) -> ContentType:
        """How the request's body is to be read."""
        return _FRAMES if self.is_websocket else read_content_type(self.headers)

    @property
    def response_type(self) -> ContentType:
        """How what was sent is to be read: a response's body, unless none has started."""
        return _FRAMES if self._response_headers is None else read_content_type(dict(self._response_headers))

    @property
    def complete(self) -> bool:
        """Whether the exchange has ended."""
        return self.ended_ns is not None

    @property
    def outcome(self) -> Outcome:
        """How it ended: rules 7 to 10."""
        if self.client_left or self.was_cancelled:
            return "cancelled"
        return "error" if self.error_type is not None else "ok"

    @property
    def error_type(self) -> str | None:
        """`error.type` of the HTTP semantic conventions: the exception's name, else the status or close code."""
        if self.exception is not None:
            return self.exception.type
        if self.client_left or self.was_cancelled:
            return "cancelled"
        if (self.status_code or 0) >= 500:
            return str(self.status_code)
        return str(self.close_code) if self.close_code in _SERVER_ERRORS else None

    def now_ns(self) -> int:
        """The time on this exchange's own clock."""
        return self.started_ns + time.perf_counter_ns() - self._started

    def choose_experiment(self) -> str | None:
        """The experiment that user code names for this request. It is asked once."""
        if self.experiment_for is not None:
            choose, self.experiment_for = self.experiment_for, None
            chosen = attempt(choose, self.scope)
            if isinstance(chosen, Exception):
                self.experiment_error = chosen
                report_user_error("experiment_for", chosen, "the trace goes to the configured experiment")
            else:
                self.experiment = chosen
        return self.experiment

    @guarded
    def received(self, message: Message) -> None:
        """Take note of a message that the application has received."""
        kind = message["type"]
        if kind == "http.request":
            if self.request_body is not None and (body := message.get("body")):
                self.request_body.add(body)
            if message.get("more_body"):
                self.lasts = True
        elif kind == "http.disconnect":
            self._server_took_leave = self.sending is not None and self._is_last(self.sending)
            self.departed()
        elif kind == "websocket.receive":
            _add_frame(self.request_body, message)
        elif kind == "websocket.disconnect":
            self._disconnected(message.get("code", 1005))

    def let_go(self) -> None:
        """The response is over: keep what its trace is going to show, and nothing of the application's."""
        self.sending = self.routed = None
        if self.experiment_for is None:
            self.scope = {key: self.scope[key] for key in _SHOWN if key in self.scope}

    def departed(self) -> None:
        """The server has nobody to talk to any more: rules 4 to 6."""
        took_leave = self._server_took_leave or self.close_code is not None
        self.client_left = self.client_left or not (self.complete or took_leave)

    def sent(self, message: Message) -> None:
        """Take note of a message that the server has taken."""
        kind = message["type"]
        if kind in _STARTS:
            self.status_code = _status(message)
            self._trailers_follow = bool(message.get("trailers", False))
            self._response_headers = message.get("headers") or ()
        elif kind in _LAST_UNLESS_MORE:
            self._sent_body(message)
        elif kind == "websocket.accept":
            self.status_code = 101
        elif kind == "websocket.send":
            _add_frame(self.response_body, message)
        elif kind == "websocket.close":
            self._closed(message.get("code", 1000))

    def interrupted(self, message: Message) -> None:
        """`send` was cancelled: rule 5."""
        if self._server_took_leave:
            self.sent(message)

    def end(self) -> None:
        """The exchange is over, whether or not the response was complete."""
        if self.ended_ns is None:
            self.ended_ns = self.now_ns()

    def left_by(self, error: BaseException) -> None:
        """Take note of what left the application: rules 6 to 9."""
        if is_disconnect(error):
            self._disconnected(getattr(error, "code", None))
        elif is_cancellation(error):
            self.was_cancelled = self.was_cancelled or not self.complete
        else:
            self.exception = ExceptionRecord.from_exception(error)
            if self.status_code is None and not self.client_left:
                self.status_code = 500

    def returned(self) -> None:
        """The application is done: rules 3 and 8."""
        is_connected = self.is_websocket and (self.status_code == 101 or self.close_code is not None)
        if not (self.complete or self.client_left or self.was_cancelled or is_connected or self.exception):
            self.exception = _INCOMPLETE if self.status_code is not None else _NO_RESPONSE
        self.end()

    def _is_last(self, message: Message) -> bool:
        """Whether the message ends a response: rule 1."""
        kind: str = message["type"]
        more = _LAST_UNLESS_MORE.get(kind)
        if more is None or message.get(more, False):
            return False
        return kind == "http.response.trailers" or not self._trailers_follow

    def _sent_body(self, message: Message) -> None:
        body = message.get("body", b"")
        if message.get("more_body"):
            self.lasts = True
            if body and self.first_byte_ns is None:
                self.first_byte_ns = self.now_ns()
                self.streamed = True
        if body and self.response_body is not None:
            self.response_body.add(body)
        if self._is_last(message):
            self.end()

    def _closed(self, code: int) -> None:
        if self.status_code is None:
            self.status_code = 403
        else:
            self.close_code = code
        self.end()

    def _disconnected(self, code: int | None) -> None:
        if self.close_code is None:
            self.close_code = code
            self.client_left = code not in _NORMAL_CLOSURE


_INCOMPLETE = ExceptionRecord("IncompleteResponse", "the application was done before the end of its response", "")
_NO_RESPONSE = ExceptionRecord("NoResponse", "the application was done without a response", "")


def _read_headers(scope: Scope) -> Headers:
    """The headers of a scope by name; of several of one name the last, which the nearest proxy has added.

    ASGI allows any iterable: one that can be read once only becomes a list.
    """
    headers = scope.get("headers") or ()
    if not isinstance(headers, (list, tuple)):
        scope["headers"] = headers = list(headers)
    return dict(headers)


def _status(message: Message) -> int | None:
    """The status of a response; None where it is no number, for the server to say what it thinks of that."""
    status = message.get("status")
    if isinstance(status, str):
        return int(status) if status.isascii() and status.isdigit() else None
    return int(status) if isinstance(status, int) else None


def _add_frame(collector: BodyCollector | None, message: Message) -> None:
    """Frames are kept as lines, each a JSON document."""
    if collector is None:
        return
    text = message.get("text")
    if text is None:
        text = json.dumps({"bytes": len(message.get("bytes") or b"")})
    collector.add((json.dumps(text) if "\n" in text else text).encode("utf-8", "replace") + b"\n")
