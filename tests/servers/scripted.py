"""An MLflow server that misbehaves as told: real HTTP, nothing behind it but a record of what it has taken."""

from __future__ import annotations

import json
import posixpath
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import Self

REFUSED = "refuse-me"
"""A span of this name makes the server refuse the request that it is in, as long as `refuses` is True."""

EXPERIMENT_ID = "7"
OTLP = "/v1/traces"
INFOS = "/api/3.0/mlflow/traces"
CREATION = "/api/2.0/mlflow/experiments/create"
DELETION = "/api/2.0/mlflow/traces/delete-traces"


@dataclass(frozen=True)
class Fault:
    """How to treat a request that hands something over, instead of taking it and saying so."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    says: str = ""
    takes: bool = False
    """Whether what is handed over is taken all the same."""
    cuts: bool = False
    """Whether the connection is cut instead of answered."""
    hangs: bool = False
    """Whether no answer comes until the server stops."""
    body: bytes | None = None
    """What is sent instead of a server's own body; its content type is in `headers`."""
    drips: bool = False
    """Whether the body comes byte by byte, one in a tenth of a second, until the client or the server is gone."""
    missing: int = 0
    """How many bytes fewer than announced the body has; the connection ends with it."""
    seconds: float = 0.0
    """How long it is until the answer comes."""


class ScriptedMlflow:
    """The server; use as a context manager.

    Faults are used up one for each request by which something is handed over; `fault` holds for all the others.
    """

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.fault: Fault | None = None
        self.refuses = True
        self.authorization: str | None = None
        """The Authorization header without which everything is answered with 401; None lets everybody in."""
        self.stands_in_front: Fault | None = None
        """What answers everything in the server's place, the doctor's and delivery's first questions included."""
        self.headers: list[Message] = []
        """The headers of every request."""
        self.version = "3.17.2"
        """What it says to be."""
        self.deleted: set[str] = set()
        """Names of experiments that are deleted."""
        self.rejected_names: set[str] = set()
        """Names of experiments that it neither has nor makes."""
        self.spans: Counter[tuple[str, str]] = Counter()
        """How often each span was taken, by trace and span id."""
        self.infos: dict[str, dict[str, Any]] = {}
        self.assessments: list[dict[str, Any]] = []
        self.arrived: set[str] = set()
        """Traces that it has by another way, and says so when it is asked for their info."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request."""
        self.batches: list[int] = []
        """How many traces each OTLP request held that was taken."""
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def traces(self) -> set[str]:
        """The ids of the traces whose spans were taken, as MLflow writes them."""
        return {f"tr-{trace}" for trace, _ in self.spans}

    def count(self, path: str) -> int:
        """How many requests there were for a path."""
        return sum(asked == path for _, asked in self.requests)

    def next_fault(self) -> Fault | None:
        """What to do with the request that has just come."""
        return self.faults.popleft() if self.faults else self.fault

    def take_spans(self, body: bytes) -> None:
        """Remember the spans of an OTLP request. Raises `ValueError` for those that it refuses."""
        request = ExportTraceServiceRequest.FromString(body)
        spans = [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
        if self.refuses and any(span.name == REFUSED for span in spans):
            raise ValueError(f"span {REFUSED} is not welcome")
        self.spans.update((span.trace_id.hex(), span.span_id.hex()) for span in spans)
        self.batches.append(len({span.trace_id for span in spans}))

    def take_info(self, body: bytes) -> None:
        """Remember a trace's info. Raises `ValueError` for one that it refuses."""
        info = json.loads(body)["trace"]["trace_info"]
        if self.refuses and info.get("request_preview") == REFUSED:
            raise ValueError(f"preview {REFUSED} is not welcome")
        self.infos[info["trace_id"]] = info

    def take_assessment(self, body: bytes) -> None:
        """Remember feedback about a trace."""
        self.assessments.append(json.loads(body)["assessment"])

    def take(self, path: str, body: bytes) -> None:
        """Remember what is handed over. Raises `ValueError` for what it refuses."""
        if path == OTLP:
            self.take_spans(body)
        elif path.endswith("/assessments"):
            self.take_assessment(body)
        else:
            self.take_info(body)

    def delete(self, body: bytes) -> int:
        """Forget the info of traces; answer how many there were."""
        named = json.loads(body)["request_ids"]
        return sum(self.infos.pop(trace_id, None) is not None for trace_id in named)

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        script = self

        class Handler(_Handler):
            server_state = script

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ScriptedMlflow

    def do_GET(self) -> None:
        state, asked = self._begin()
        if state is None:
            return
        if asked.path == "/version":
            self._answer(200, state.version)
            return
        if posixpath.dirname(asked.path) == INFOS and posixpath.basename(asked.path) in state.arrived:
            self._answer(200, {"trace": {"trace_info": {}}})
            return
        if posixpath.dirname(asked.path) == INFOS:
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "traces cannot be read here"})
            return
        name = parse_qs(asked.query).get("experiment_name", [""])[0]
        if name in state.rejected_names:
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"})
            return
        stage = "deleted" if name in state.deleted else "active"
        self._answer(200, {"experiment": {"experiment_id": EXPERIMENT_ID, "name": name, "lifecycle_stage": stage}})

    def do_POST(self) -> None:
        state, asked = self._begin()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if state is None:
            return
        if asked.path == DELETION:
            self._answer(200, {"traces_deleted": state.delete(body)})
            return
        if asked.path == CREATION:
            self._answer(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "no such name, please"})
            return
        fault = state.next_fault() or Fault(takes=True)
        try:
            if fault.takes:
                state.take(asked.path, body)
        except ValueError as error:
            self._answer(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": str(error)})
            return
        self._conclude(fault, spans=asked.path == OTLP)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _begin(self) -> tuple[ScriptedMlflow | None, Any]:
        state, asked = self.server_state, urlsplit(self.path)
        state.requests.append((self.command, asked.path))
        state.headers.append(self.headers)
        if state.authorization is not None and self.headers.get("Authorization") != state.authorization:
            self.close_connection = True
            self._answer(401, {"error_code": "UNAUTHENTICATED", "message": "who are you?"})
            return None, asked
        if state.stands_in_front is not None:
            self.close_connection = True
            self._conclude(state.stands_in_front)
            return None, asked
        return state, asked

    def _conclude(self, fault: Fault, *, spans: bool = False) -> None:
        if fault.hangs or fault.seconds:
            self.server_state.stopped.wait(None if fault.hangs else fault.seconds)
        if fault.hangs or fault.cuts:
            self.close_connection = True
            return
        if fault.drips:
            self._drip(fault)
        elif fault.body is not None:
            self._send(fault.status, fault.body, fault.headers, missing=fault.missing)
        elif spans and fault.status == 200 and not fault.says:
            self._send(200, b"", {"Content-Type": "application/x-protobuf", **fault.headers})
        else:
            self._answer(fault.status, {"message": fault.says} if fault.says else {}, fault.headers)

    def _answer(self, status: int, value: dict[str, Any] | str, headers: dict[str, str] | None = None) -> None:
        body = (value if isinstance(value, str) else json.dumps(value)).encode()
        self._send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, missing: int = 0) -> None:
        self.close_connection = self.close_connection or bool(missing)
        self._head(status, {"Date": self.date_time_string(), **headers, "Content-Length": str(len(body) + missing)})
        if body:
            self.wfile.write(body)

    def _drip(self, fault: Fault) -> None:
        self.close_connection = True
        self._head(fault.status, {"Content-Length": "1000000", **fault.headers})
        try:
            while not self.server_state.stopped.wait(0.1):
                self.wfile.write(b" ")
        except OSError:
            return

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
