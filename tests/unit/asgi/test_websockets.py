"""One connection, one trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.trace import get_current_span
from starlette.types import ASGIApp
from starlette.websockets import WebSocketDisconnect

from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.spans.trace import span_state
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import span
from tests.unit.asgi_calls import Call
from tests.unit.trees import drawn, outcome_of, shown, spans_of


class Socket(Call):
    """A WebSocket connection: what its client sends, one after the other."""

    def __init__(self, app: ASGIApp, *messages: Mapping[str, Any]) -> None:
        super().__init__(app, "GET /ws", type="websocket", subprotocols=[])
        self._to_receive = [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", **message} for message in messages),
            {"type": "websocket.disconnect", "code": 1000},
        ]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers each message with itself."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        with span("message"):
            await send({**message, "type": "websocket.send"})


def test_a_websocket_connection_is_one_trace(traces: CapturedTraces, tracing: Tracing) -> None:
    """Inputs are what was received, outputs what was sent."""
    socket = Socket(
        TracingMiddleware(echo, tracing=tracing), {"text": '{"a": 1}'}, {"text": "b"}, {"bytes": b"\x00\x01"}
    )
    socket.run()
    assert shown(traces) == drawn("GET > [message, message, message]")
    root = spans_of(traces[0])["GET"]
    assert root.inputs == [{"a": 1}, "b", {"bytes": 2}]
    assert root.outputs == root.inputs
    assert traces[0].info.tags["http.status_code"] == "101"


def test_a_websocket_that_is_refused_is_a_403(traces: CapturedTraces, tracing: Tracing) -> None:
    """Closed before it was accepted."""

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    Socket(TracingMiddleware(refuse, tracing=tracing)).run()
    assert traces[0].info.tags["http.status_code"] == "403"


@pytest.mark.parametrize(
    ("code", "outcome"), [(1000, "ok"), (1001, "ok"), (1005, "ok"), (1006, "cancelled"), (1012, "cancelled")]
)
def test_a_client_that_takes_its_leave_has_not_cancelled_and_one_that_is_just_gone_has(
    traces: CapturedTraces, tracing: Tracing, code: int, outcome: str
) -> None:
    """Starlette raises `WebSocketDisconnect` in either case; that is no error of the application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        raise WebSocketDisconnect(code)

    with pytest.raises(WebSocketDisconnect):
        Socket(TracingMiddleware(app, tracing=tracing)).run()
    assert outcome_of(traces) == outcome
    assert spans_of(traces[0])["GET"].events == []


@pytest.mark.parametrize(("status", "state"), [(401, "OK"), (503, "ERROR")])
def test_a_denial_is_its_status(traces: CapturedTraces, tracing: Tracing, status: int, state: str) -> None:
    """An HTTP response in place of the connection (ASGI's `websocket.http.response`)."""

    async def deny(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.http.response.start", "status": status, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    Socket(TracingMiddleware(deny, tracing=tracing)).run()
    assert (traces[0].info.tags["http.status_code"], traces[0].info.state.value) == (str(status), state)


def test_a_close_code_is_recorded_and_1011_is_an_error(traces: CapturedTraces, tracing: Tracing) -> None:
    """It is WebSocket's 500."""

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1011})

    Socket(TracingMiddleware(fail, tracing=tracing)).run()
    assert spans_of(traces[0])["GET"].attributes["websocket.close_code"] == 1011
    assert (outcome_of(traces), traces[0].info.state.value) == ("error", "ERROR")


@pytest.mark.parametrize(("rate", "handed_over"), [(1.0, 100), (0.0, 0)])
def test_a_long_connection_hands_over_what_has_ended(traces: CapturedTraces, rate: float, handed_over: int) -> None:
    """A hundred spans at a time; what the rate does not keep leaves memory all the same."""
    tracing = Tracing(Settings(tracing={"sample_rate": rate}))
    seen: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        trace = span_state(get_current_span()).trace  # type: ignore[union-attr]
        while (await receive())["type"] == "websocket.receive":
            with span("message"):
                pass
        seen.extend([sum(len(trace.data.spans) for trace in traces), len(trace.tree.spans)])
        await send({"type": "websocket.close"})

    Socket(TracingMiddleware(app, tracing=tracing), *[{"text": "x"}] * 150).run()
    tracing.shutdown()
    assert (seen[0] >= handed_over, seen[1] <= 60) == (True, True)
    assert [len(trace.data.spans) for trace in traces] == ([151] if rate else [])
