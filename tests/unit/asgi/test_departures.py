"""What is cut short: clients that go away, tasks that are cancelled."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import TraceState
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from otel_mlflow import Tracing, TracingMiddleware
from otel_mlflow.http.exchange import Message
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import drawn, outcome_of, shown, spans_of

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
END: Message = {"type": "http.response.body", "body": b""}


def test_a_client_that_is_gone_when_we_send_has_cancelled(traces: CapturedTraces, tracing: Tracing) -> None:
    """Servers raise `OSError` from `send` (ASGI 2.4); it passes through, and is no error of the application."""
    error = ConnectionResetError("gone")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(END)

    call = Call(app)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise error
        await call.send(message)

    with pytest.raises(ConnectionResetError) as raised:
        asyncio.run(TracingMiddleware(app, tracing=tracing)(call.scope, call.receive, send))
    assert raised.value is error
    assert outcome_of(traces) == "cancelled"
    assert spans_of(traces[0])["GET"].status.description == "cancelled: the client went away"


def test_a_client_that_leaves_before_the_answer_has_cancelled(traces: CapturedTraces, tracing: Tracing) -> None:
    """The application receives `http.disconnect`, and gives up."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    call = Call(TracingMiddleware(app, tracing=tracing))
    call.gone.set()
    call.run()
    assert outcome_of(traces) == "cancelled"


def test_a_client_that_leaves_after_the_answer_has_not_cancelled(traces: CapturedTraces, tracing: Tracing) -> None:
    """Servers say `http.disconnect` to everybody who goes on listening."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await empty_answer(scope, receive, send)
        while (await receive())["type"] != "http.disconnect":
            pass

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert outcome_of(traces) == "ok"


def test_a_stream_that_the_client_leaves_is_cancelled(traces: CapturedTraces, tracing: Tracing) -> None:
    """With the spans that were cut short by it."""

    async def request() -> None:
        async def words() -> Any:
            with span("words"):
                yield b"one"
                call.gone.set()
                await asyncio.Event().wait()

        app = Starlette(routes=[Route("/", lambda request: StreamingResponse(words()))])
        call = Call(TracingMiddleware(app, tracing=tracing))
        await call.made()

    asyncio.run(request())
    assert outcome_of(traces) == "cancelled"
    assert shown(traces) == drawn("GET /! > words!")


def test_a_cancelled_task_is_cancelled(traces: CapturedTraces, tracing: Tracing) -> None:
    """A server that shuts down, or a time limit outside."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("work"):
            await asyncio.Event().wait()

    async def request() -> None:
        task = asyncio.create_task(Call(TracingMiddleware(app, tracing=tracing)).made())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(request())
    assert outcome_of(traces) == "cancelled"
    assert traces[0].info.state == TraceState.ERROR
    assert shown(traces) == drawn("GET! > work!")


def test_what_is_still_open_when_a_request_is_cancelled_is_shown_as_cut_short(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """A thread cannot be cancelled, and may never end."""
    opened: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        opened.append(mlflow.start_span_no_context("never ending"))
        await asyncio.Event().wait()

    async def request() -> None:
        task = asyncio.create_task(Call(TracingMiddleware(app, tracing=tracing)).made())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(request())
    assert shown(traces) == drawn("GET! > never ending!")


@mlflow.trace
def decorated() -> Iterator[str]:
    """Yield two words, in a span that MLflow ends with the last of them."""
    yield "one"
    yield "two"


def test_a_decorated_generator_that_nobody_reads_to_its_end_is_cut_short(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """MLflow never ends the span of such a generator, and once it is dropped nobody else can."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        next(decorated())
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert outcome_of(traces) == "ok"
    assert shown(traces) == drawn("GET > decorated!")


def test_a_decorated_generator_that_is_dropped_after_the_response_is_cut_short(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """What is said of it follows the trace."""
    kept: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kept.append(decorated())
        next(kept[0])
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET")
    kept.clear()
    assert shown(traces) == drawn("GET > decorated!")


def test_a_span_that_is_ended_by_its_id_was_not_abandoned(
    traces: CapturedTraces, tracing: Tracing, tracking_store: str
) -> None:
    """MLflow's client ends spans by their id; nobody needs to hold them for that."""
    ids: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        span = mlflow.start_span_no_context("by id")
        ids.append((span.trace_id, span.span_id))
        del span
        await empty_answer(scope, receive, send)
        MlflowClient().end_span(*ids[0])

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET > by id")


def test_spans_that_are_never_ended_are_not_kept_for_ever(traces: CapturedTraces, tracing: Tracing) -> None:
    """Neither they nor their trace: user code that forgets a span must not fill the memory."""
    forgotten: list[weakref.ref[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        span = trace.get_tracer("test").start_span("forgotten")
        forgotten.append(weakref.ref(span))
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET")
    gc.collect()
    assert forgotten[0]() is None
