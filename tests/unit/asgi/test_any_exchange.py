"""Any request, any body, any answer, any object that user code hands over: the application answers as without us.

Hypothesis makes up what a server passes in and what an application does with it. The guard is strict, as in all unit
tests, so that a failure of ours is not swallowed but raised.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from otel_mlflow import Tracing, TracingMiddleware, current_trace
from otel_mlflow.http.exchange import Message
from otel_mlflow.testing import CapturedTraces

OURS = {b"x-mlflow-trace-id", b"x-request-id", b"access-control-expose-headers"}


class Failing:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__str__", "__repr__", "__dict__", "__iter__", "__len__"):
            return super().__getattribute__(name)
        raise RuntimeError(name)

    def __str__(self) -> str:
        raise RuntimeError("str")

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


NASTY_TEXTS = [
    "",
    "\x00",
    "\ud800",
    "a" * 70_000,
    "²",
    "{",
    '{"a":' * 200,
    "%",
    "%ff",
    "tr-",
    "ü\u202e",
    "null",
    "-1e999",
]
TEXTS = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(st.characters(), max_size=20))
ODD = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    TEXTS,
    st.binary(max_size=20),
    st.sampled_from([2**63, -(2**70), object, object(), Failing, range(3)]),
    st.builds(Failing),
    st.builds(MagicMock),  # as user code's own tests hand it over: it answers anything with more of itself
    st.builds(_circle),
    st.builds(lambda: (number for number in range(3))),
)
OBJECTS = st.recursive(
    ODD, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)), max_leaves=5
)
HEADER_NAMES = st.one_of(
    st.sampled_from(
        b"host content-type content-encoding traceparent tracestate baggage x-request-id cookie authorization "
        b"content-length x-forwarded-email accept access-control-allow-origin".split()
    ),
    st.binary(max_size=8),
)
HEADER_VALUES = st.one_of(
    st.sampled_from(
        [
            b"application/json",
            b"application/json; charset=bz2",
            b"text/plain; charset=utf-16",
            b"multipart/form-data; boundary=x",
            b"application/x-www-form-urlencoded",
            b"text/event-stream",
            b"gzip, gzip",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            b"00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff",
            b"otelmlflow=v2:0:4bf92f3577b34da6a3ce929d0e0e4736",
            b"a:\xb2",
            b"\xff" * 9000,
        ]
    ),
    st.binary(max_size=30),
)
HEADERS = st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5)
BODIES = st.one_of(
    st.sampled_from([b"{}", b'{"a": [1,', b"\x1f\x8b\x08", b"[" * 3000, b"\xff\xfe{\x00", b"data: x\n\n", b"9" * 5000]),
    st.binary(max_size=40),
)
STATUSES = st.sampled_from([100, 200, 204, 304, 404, 500, 599, 999])
CALLS = st.tuples(
    st.sampled_from(["set_inputs", "set_outputs", "set_tags", "set_session", "set_user", "log_params", "log_metrics"]),
    OBJECTS,
)


@dataclass(frozen=True)
class Plan:
    """What a server passes in and what the application does: the same for both."""

    scope: dict[str, Any]
    incoming: list[Message]
    receives: int
    calls: list[tuple[str, Any]]
    outgoing: list[Message]
    error: BaseException | None


def _http_bodies(kind: str) -> st.SearchStrategy[list[Message]]:
    return st.lists(
        st.builds(lambda body, more: {"type": kind, "body": body, "more_body": more}, BODIES, st.booleans())
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Make up an exchange."""
    is_socket = draw(st.booleans())
    path = draw(TEXTS)
    scope = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "path": path,
        "raw_path": draw(st.one_of(st.none(), st.binary(max_size=20))),
        "query_string": draw(st.binary(max_size=30)),
        "root_path": draw(st.sampled_from(["", "/api"])),
        "headers": draw(HEADERS),
        "client": draw(st.sampled_from([None, ("127.0.0.1", 1), ("", 0)])),
        "server": draw(st.sampled_from([None, ("h", None), ("127.0.0.1", 80)])),
    }
    if not is_socket:
        scope["method"] = draw(st.one_of(st.sampled_from(["GET", "POST", "HEAD"]), st.text(max_size=5)))
    return Plan(
        scope=scope,
        incoming=draw(_socket_messages("receive") if is_socket else _http_bodies("http.request")),
        receives=draw(st.integers(0, 3)),
        calls=draw(st.lists(CALLS, max_size=3)),
        outgoing=draw(_answers(is_socket=is_socket)),
        error=draw(st.sampled_from([None, None, RuntimeError("\ud800"), ValueError(2**80), OSError("gone")])),
    )


def _socket_messages(direction: str) -> st.SearchStrategy[list[Message]]:
    return st.lists(st.builds(lambda text: {"type": f"websocket.{direction}", "text": text}, TEXTS), max_size=3)


@st.composite
def _answers(draw: st.DrawFn, *, is_socket: bool) -> list[Message]:
    if is_socket:
        code = draw(st.sampled_from([1000, 1011, 4000]))
        return [
            {"type": "websocket.accept"},
            *draw(_socket_messages("send")),
            {"type": "websocket.close", "code": code},
        ]
    bodies = draw(_http_bodies("http.response.body"))
    return [{"type": "http.response.start", "status": draw(STATUSES), "headers": draw(HEADERS)}, *bodies]


@dataclass
class Seen:
    """What the server saw of an exchange."""

    sent: list[Message] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)
    error: BaseException | None = None


def _application(plan: Plan, seen: Seen) -> ASGIApp:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(plan.receives):
            seen.received.append(await receive())
        for name, value in plan.calls:
            getattr(current_trace(), name)(value)
        for message in plan.outgoing:
            await send(dict(message))
        if plan.error is not None:
            raise plan.error

    return app


async def _exchange(plan: Plan, tracing: Tracing | None) -> Seen:
    seen = Seen()
    app = _application(plan, seen)
    waiting = [dict(message) for message in plan.incoming]
    kind = plan.scope["type"]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": f"{kind}.disconnect"}

    async def send(message: Message) -> None:
        seen.sent.append(_without_ours(message))

    served = TracingMiddleware(app, tracing=tracing) if tracing else app
    try:
        await served({**plan.scope, "headers": list(plan.scope["headers"])}, receive, send)
    except Exception as error:  # noqa: BLE001, whatever it is must be the same
        seen.error = error
    return seen


def _without_ours(message: Message) -> Message:
    if "headers" not in message:
        return message
    return {**message, "headers": [pair for pair in message["headers"] if pair[0].lower() not in OURS]}


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(plan=plans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_exchange_is_as_without_us(plan: Plan, traces: CapturedTraces, tracing: Tracing) -> None:
    """The same messages both ways, the same exception, and one trace more."""
    before = len(traces)
    untraced = asyncio.run(_exchange(plan, None))
    traced = asyncio.run(_exchange(plan, tracing))
    assert traced == untraced
    assert len(traces) == before + 1
