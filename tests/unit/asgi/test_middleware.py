"""One request, one span, one trace; nothing of it is in another one."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import pytest
from mlflow.entities import SpanStatusCode, TraceState
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import otel_mlflow
from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.errors import ArgumentTypeError
from otel_mlflow.http.exchange import Message
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import drawn, outcome_of, shown, spans_of

END: Message = {"type": "http.response.body", "body": b""}


def test_a_bare_callable_is_traced(traces: CapturedTraces, tracing: Tracing) -> None:
    """Without a framework there is no route, so the span is named after the method alone."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("work"), raw("query"):
            await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing), "POST /somewhere").run()
    assert shown(traces) == drawn("POST > work > query")


def test_starlette_is_traced(traces: CapturedTraces, tracing: Tracing) -> None:
    """Added as middleware, or wrapped round."""

    def endpoint(request: Any) -> PlainTextResponse:
        with span("work"):
            return PlainTextResponse("answer")

    app = Starlette(routes=[Mount("/api", routes=[Route("/things/{id}", endpoint)])])
    app.add_middleware(TracingMiddleware, tracing=tracing)
    wrapped = TracingMiddleware(Starlette(routes=app.routes), tracing=tracing)
    for served in (app, wrapped):
        Call(served, "GET /api/things/7").run()
    assert shown(traces) == drawn(*["GET /api/things/{id} > work"] * 2)


def test_a_request_that_meets_the_middleware_twice_is_traced_once(traces: CapturedTraces, tracing: Tracing) -> None:
    """An instrumented application, mounted in another one."""
    inner = TracingMiddleware(empty_answer, tracing=tracing)
    outer = Starlette(routes=[Mount("/inner", app=inner)])
    Call(TracingMiddleware(outer, tracing=tracing), "GET /inner/x").run()
    assert len(traces) == 1
    assert len(traces[0].data.spans) == 1


def test_simultaneous_requests_have_nothing_of_each_other(traces: CapturedTraces, tracing: Tracing) -> None:
    """The middleware holds nothing of a request."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].strip("/")
        otel_mlflow.current_trace().set_tags({"name": name})
        with span(name):
            await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200 + int(name), "headers": []})
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": name.encode()})

    middleware = TracingMiddleware(app, tracing=tracing)

    async def requests() -> None:
        await asyncio.gather(*(Call(middleware, f"GET /{number}").made() for number in range(30)))

    asyncio.run(requests())
    assert shown(traces) == drawn(*[f"GET > {number}" for number in range(30)])
    for trace in traces:
        name = trace.info.tags["name"]
        assert trace.info.tags["http.status_code"] == str(200 + int(name))
        assert trace.data.spans[0].outputs in (int(name), name)


def test_the_span_ends_with_the_last_byte_of_the_response(traces: CapturedTraces, tracing: Tracing) -> None:
    """What the application does afterwards, the caller does not wait for."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await empty_answer(scope, receive, send)
        with span("afterwards"):
            pass

    Call(TracingMiddleware(app, tracing=tracing)).run()
    spans = spans_of(traces[0])
    assert spans["GET"].end_time_ns is not None
    assert spans["GET"].end_time_ns <= spans["afterwards"].start_time_ns
    assert shown(traces) == drawn("GET > afterwards")


def test_tasks_that_outlive_the_response_follow_in_the_same_trace(traces: CapturedTraces, tracing: Tracing) -> None:
    """As a fragment: the trace was handed over already."""

    async def request() -> None:
        answered = asyncio.Event()
        tasks = []

        async def late() -> None:
            await answered.wait()
            with span("late"), raw("query"):
                pass

        async def app(scope: Any, receive: Any, send: Any) -> None:
            tasks.append(asyncio.create_task(late()))
            await empty_answer(scope, receive, send)

        await Call(TracingMiddleware(app, tracing=tracing)).made()
        assert shown(traces) == drawn("GET")
        answered.set()
        await asyncio.gather(*tasks)

    asyncio.run(request())
    assert shown(traces) == drawn("GET > late > query")


@pytest.mark.parametrize(("status", "outcome"), [(200, "ok"), (302, "ok"), (404, "ok"), (500, "error"), (503, "error")])
def test_5xx_is_an_error(traces: CapturedTraces, tracing: Tracing, status: int, outcome: str) -> None:
    """A 4xx is the caller's."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send(END)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert outcome_of(traces) == outcome
    root = spans_of(traces[0])["GET"]
    assert root.status.status_code == (SpanStatusCode.ERROR if outcome == "error" else SpanStatusCode.OK)
    assert root.attributes.get("error.type") == (str(status) if outcome == "error" else None)


def test_an_application_that_never_answers_is_answered_by_the_server(traces: CapturedTraces, tracing: Tracing) -> None:
    """It returns without a response: there is no status, and the trace is whole all the same, as an error."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert "http.status_code" not in traces[0].info.tags
    assert outcome_of(traces) == "error"


@pytest.mark.parametrize("written_down", [False, True])
def test_an_exception_after_the_last_byte_is_on_the_trace(
    traces: CapturedTraces, tracing: Tracing, written_down: bool
) -> None:
    """A background task, a dependency after `yield`, a stream below other middleware; the trace may be gone by then."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("work"):
            await empty_answer(scope, receive, send)
        if written_down:
            assert outcome_of(traces) == "ok"
        raise RuntimeError("afterwards")

    with pytest.raises(RuntimeError, match="afterwards"):
        Call(TracingMiddleware(app, tracing=tracing)).run()
    assert outcome_of(traces) == "error"
    assert traces[0].info.state == TraceState.ERROR
    assert traces[0].info.tags["http.status_code"] == "200"
    assert [event.attributes["exception.message"] for event in spans_of(traces[0])["GET"].events] == ["afterwards"]
    assert shown(traces) == drawn("GET! > work")


def test_one_scope_may_be_served_twice(traces: CapturedTraces, tracing: Tracing) -> None:
    """By a test client, or middleware that tries again: a trace each, and the route of each."""
    app = TracingMiddleware(
        Starlette(routes=[Route("/things/{id}", lambda request: PlainTextResponse("x"))]), tracing=tracing
    )
    call = Call(app, "GET /things/7").run()
    asyncio.run(app(call.scope, call.receive, call.send))
    assert shown(traces) == drawn(*["GET /things/{id}"] * 2)


def test_request_headers_may_be_an_iterator(traces: CapturedTraces, tracing: Tracing) -> None:
    """The application can still read them."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await empty_answer(scope, receive, send)

    headers = [(b"x-request-id", b"r-1"), (b"a", b"b")]
    call = Call(TracingMiddleware(app, tracing=tracing))
    call.scope["headers"] = iter(headers)
    call.run()
    assert seen == headers
    assert traces[0].info.client_request_id == "r-1"


def test_seeding_random_does_not_repeat_request_ids(tracing: Tracing) -> None:
    """32 hexadecimal digits each; notebooks and tests seed the module `random`."""
    ids = []
    for _ in range(2):
        random.seed(1)
        ids.append(Call(TracingMiddleware(empty_answer, tracing=tracing)).run().headers["x-request-id"])
    assert len(set(ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


@pytest.mark.parametrize("given", [{"query_string": None}, {"headers": None}, {"headers": None, "query_string": None}])
def test_what_a_scope_may_leave_out_may_be_none(
    traces: CapturedTraces, tracing: Tracing, given: dict[str, Any]
) -> None:
    """ASGI says so of a WebSocket's query; servers and test clients do it with others."""
    call = Call(TracingMiddleware(empty_answer, tracing=tracing))
    call.scope.update(given)
    call.run()
    assert shown(traces) == drawn("GET")


def test_a_scope_without_headers_and_query_is_traced(traces: CapturedTraces) -> None:
    """Also where excluded URLs of the user's are looked for in the whole address."""
    traced = Tracing(Settings(tracing={"excluded_urls": "nowhere"}))
    call = Call(TracingMiddleware(empty_answer, tracing=traced))
    del call.scope["headers"], call.scope["query_string"]
    call.run()
    traced.shutdown()
    assert shown(traces) == drawn("GET")


@pytest.mark.parametrize("start", [{"status": None}, {}, {"status": "²"}, {"status": 200, "headers": None}])
def test_a_start_that_is_none_goes_to_the_server_as_it_is(
    traces: CapturedTraces, tracing: Tracing, start: dict[str, Any]
) -> None:
    """It is the application's fault, and the server's to refuse; not one of ours to report."""
    message = {"type": "http.response.start", "headers": [], **start}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(message)
        await send({"type": "http.response.body"})

    call = Call(TracingMiddleware(app, tracing=tracing)).run()
    assert {**call.sent[0], "headers": message["headers"]} == message
    assert (call.sent[0]["headers"] is None) == (message["headers"] is None)
    assert len(traces) == 1


@pytest.mark.parametrize("given", [None, Settings(), Tracing], ids=["None", "settings", "the class"])
def test_what_is_no_tracing_is_named(given: Any) -> None:
    """Instead of failing in the middle of something."""
    with pytest.raises(ArgumentTypeError, match=r"tracing takes otel_mlflow\.Tracing\(…\); this is"):
        TracingMiddleware(empty_answer, tracing=given)


def test_what_is_no_application_is_named(tracing: Tracing) -> None:
    """Before the first request comes."""
    not_an_application: Any = None
    with pytest.raises(ArgumentTypeError, match="app takes an ASGI application; this is a NoneType"):
        TracingMiddleware(not_an_application, tracing=tracing)
