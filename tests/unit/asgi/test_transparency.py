"""The middleware is not there for the application and the server."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api

from otel_mlflow import Tracing, TracingMiddleware
from otel_mlflow.http.exchange import Message
from otel_mlflow.spans.trace import span_state
from otel_mlflow.testing import CapturedTraces
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import outcome_of

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
END: Message = {"type": "http.response.body", "body": b""}


def test_messages_pass_in_the_same_order_and_one_by_one(tracing: Tracing) -> None:
    """The application receives what the server sends, and sends when it sends; nothing is held back or joined."""
    steps: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2):
            message = await receive()
            steps.append(f"received {message['body']!r}")
        await send(START)
        for chunk in (b"one", b"two", b""):
            steps.append(f"sending {chunk!r}")
            await send({"type": "http.response.body", "body": chunk, "more_body": bool(chunk)})

    call = Call(TracingMiddleware(app, tracing=tracing), "POST /", chunks=[b"a", b"b"])
    original = call.send

    async def send(message: Message) -> None:
        steps.append(f"taken {message.get('body', 'start')!r}")
        await original(message)

    call.send = send  # type: ignore[method-assign]
    call.run()
    assert steps == [
        "received b'a'",
        "received b'b'",
        "taken 'start'",
        "sending b'one'",
        "taken b'one'",
        "sending b'two'",
        "taken b'two'",
        "sending b''",
        "taken b''",
    ]


def test_messages_are_the_very_objects(tracing: Tracing) -> None:
    """But for the start of the response, which gets two headers more."""
    received: list[Message] = []
    sent: Message = {"type": "http.response.body", "body": b"answer", "extension": object()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append(await receive())
        await send(START)
        await send(sent)

    call = Call(TracingMiddleware(app, tracing=tracing))
    given = call._to_receive[0]
    call.run()
    assert received[0] is given
    assert call.sent[1] is sent


def test_messages_that_we_do_not_know_pass_as_they_are(tracing: Tracing) -> None:
    """Informational responses, server push, whatever comes."""
    informational: Message = {"type": "http.response.informational", "status": 103}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(informational)
        await empty_answer(scope, receive, send)

    assert Call(TracingMiddleware(app, tracing=tracing)).run().sent[0] is informational


def test_headers_are_added_and_the_application_s_message_is_left_alone(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """An application may send one message object for all its answers."""
    message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1"), (b"a", b"2")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(message)
        await send(END)

    call = Call(TracingMiddleware(app, tracing=tracing)).run()
    assert message == {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1"), (b"a", b"2")]}
    assert call.sent[0]["headers"][:2] == [(b"a", b"1"), (b"a", b"2")]
    assert call.headers["x-mlflow-trace-id"] == traces[0].info.trace_id
    assert call.headers["x-request-id"] == traces[0].info.tags["request_id"]


def test_headers_may_be_any_iterable(tracing: Tracing) -> None:
    """As the ASGI specification has it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": iter([(b"a", b"1")])})
        await send(END)

    assert Call(TracingMiddleware(app, tracing=tracing)).run().headers["a"] == "1"


def test_headers_may_be_left_out(tracing: Tracing) -> None:
    """They are optional in a start message."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204})
        await send(END)

    assert set(Call(TracingMiddleware(app, tracing=tracing)).run().headers) == {"x-mlflow-trace-id", "x-request-id"}


def test_an_exception_of_the_application_is_the_one_that_the_server_sees(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """The same object, raised on."""
    error = ValueError("seven")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    with pytest.raises(ValueError, match="seven") as raised:
        Call(TracingMiddleware(app, tracing=tracing)).run()
    assert raised.value is error
    assert outcome_of(traces) == "error"


def test_an_exception_of_the_server_is_the_one_that_the_application_sees(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """`send` raises through us, and so does `receive`."""
    seen: list[BaseException] = []
    error = RuntimeError("no more")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for step in (receive, lambda: send(START)):
            try:
                await step()
            except RuntimeError as caught:
                seen.append(caught)

    async def refuse(*_: Any) -> Any:
        raise error

    asyncio.run(TracingMiddleware(app, tracing=tracing)(Call(app).scope, refuse, refuse))
    assert all(caught is error for caught in seen)
    assert len(seen) == 2


def test_the_scope_is_the_server_s_own(tracing: Tracing) -> None:
    """What the application leaves in it, the server and middleware outside can see."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await empty_answer(scope, receive, send)

    call = Call(TracingMiddleware(app, tracing=tracing)).run()
    assert seen[0] is call.scope


def test_lifespan_passes_through(traces: CapturedTraces, tracing: Tracing) -> None:
    """It is no request."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend([scope["type"], receive])
        await send({"type": "lifespan.startup.complete"})

    call = Call(app)
    asyncio.run(TracingMiddleware(app, tracing=tracing)({"type": "lifespan"}, call.receive, call.send))
    assert seen == ["lifespan", call.receive]
    assert call.sent == [{"type": "lifespan.startup.complete"}]
    assert len(traces) == 0


def test_nothing_stays_current_when_the_request_is_over(traces: CapturedTraces, tracing: Tracing) -> None:
    """Nor our own marks: the server's task may serve a thousand requests more."""

    async def requests() -> None:
        for _ in range(20):
            await Call(TracingMiddleware(empty_answer, tracing=tracing)).made()
            assert context_api.get_current() == {}

    asyncio.run(requests())
    assert len(traces) == 20


def test_a_request_s_memory_is_freed_when_its_trace_is_written_down(traces: CapturedTraces, tracing: Tracing) -> None:
    """Without the garbage collector, whose stalls everybody would wait for."""
    kept: list[weakref.ref[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        state = span_state(trace_api.get_current_span())
        assert state is not None
        kept.extend([weakref.ref(state.trace), weakref.ref(state)])
        await empty_answer(scope, receive, send)

    async def request() -> None:
        await Call(TracingMiddleware(app, tracing=tracing)).made()

    gc.collect()
    gc.disable()
    try:
        asyncio.run(request())
        assert len(traces) == 1
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_what_the_application_kept_in_the_scope_is_freed_with_the_request(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """A trace that waits to be written down holds no session or connection of the application's."""

    class Session:
        """What an application opens for a request."""

    kept: list[weakref.ref[Session]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"session": (session := Session())}
        kept.append(weakref.ref(session))
        await empty_answer(scope, receive, send)

    async def request() -> None:
        await Call(TracingMiddleware(app, tracing=tracing), "GET /ask", path_params={"id": "7"}).made()

    asyncio.run(request())
    gc.collect()
    assert kept[0]() is None
    assert traces[0].data.spans[0].attributes["url.scheme"] == "http"
    assert traces[0].data.spans[0].inputs == {"query": {}, "path_params": {"id": "7"}}
