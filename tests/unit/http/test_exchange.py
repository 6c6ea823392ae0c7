"""What is kept of an HTTP exchange while it runs, and what its span says of it."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.content import Body
from otel_mlflow.http.exchange import BodyCollector, Exchange
from otel_mlflow.http.semconv import TIME_TO_FIRST_BYTE
from otel_mlflow.testing import CapturedTraces
from tests.unit.asgi_calls import Call


def answering(body: bytes, content_type: str, **headers: str) -> Any:
    """An application that answers with this, and reads what it is sent."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        given = [(b"content-type", content_type.encode())]
        given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": given})
        await send({"type": "http.response.body", "body": body})

    return app


def collected(chunks: list[bytes], limit: int) -> Body:
    """Let chunks pass a collector."""
    collector = BodyCollector(limit)
    for chunk in chunks:
        collector.add(chunk)
    return collector.body()


def root_of(traces: CapturedTraces) -> Any:
    """The span of the one request."""
    (trace,) = traces
    (root,) = trace.data.spans
    return root


def test_json_is_shown_as_what_it_is(traces: CapturedTraces, tracing: Tracing) -> None:
    """However many pieces it comes in."""
    app = TracingMiddleware(answering(b'{"answer": [1]}', "application/json"), tracing=tracing)
    Call(app, "POST /", headers={"content-type": "application/json"}, chunks=[b'{"question"', b': "?"}']).run()
    assert (root_of(traces).inputs, root_of(traces).outputs) == ({"question": "?"}, {"answer": [1]})


def test_without_a_body_the_query_and_the_path_are_what_went_in(traces: CapturedTraces, tracing: Tracing) -> None:
    """As the framework has taken the path apart."""
    app = Starlette(routes=[Route("/things/{id:int}", lambda request: PlainTextResponse("seven"))])
    Call(TracingMiddleware(app, tracing=tracing), "GET /things/7?a=1&a=2&b=").run()
    assert root_of(traces).inputs == {"query": {"a": ["1", "2"], "b": ""}, "path_params": {"id": 7}}
    assert root_of(traces).outputs == "seven"


def test_compressed_content_is_read(traces: CapturedTraces, tracing: Tracing) -> None:
    """It is what the caller sees, too."""
    packed = gzip.compress(b'{"answer": 7}')
    app = TracingMiddleware(answering(packed, "application/json", content_encoding="gzip"), tracing=tracing)
    Call(app).run()
    assert root_of(traces).outputs == {"answer": 7}


def test_binary_content_is_shown_as_type_and_size(traces: CapturedTraces, tracing: Tracing) -> None:
    """Nobody wants to read it."""
    Call(TracingMiddleware(answering(b"\x00" * 1000, "image/png"), tracing=tracing)).run()
    assert "image/png" in str(root_of(traces).outputs)
    assert "1000" in str(root_of(traces).outputs)


def test_server_sent_events_are_shown_as_their_data(traces: CapturedTraces, tracing: Tracing) -> None:
    """Each payload, JSON where it is JSON."""
    events = b'event: token\ndata: {"text": "a"}\n\ndata: b\n\n'
    Call(TracingMiddleware(answering(events, "text/event-stream"), tracing=tracing)).run()
    assert root_of(traces).outputs == [{"text": "a"}, "b"]


@given(st.lists(st.binary(max_size=40)), st.integers(1, 100))
def test_the_beginning_is_kept_and_the_whole_is_counted(chunks: list[bytes], limit: int) -> None:
    """However the body is cut into chunks."""
    whole = b"".join(chunks)
    body = collected(chunks, limit)
    assert body == Body(whole[:limit], len(whole), limit)
    assert body.is_cut == (len(whole) > limit)


def test_large_body_takes_no_memory() -> None:
    """50 MB pass, and no more than the limit stays."""
    chunk = bytes(1_000_000)
    tracemalloc.start()
    try:
        body = collected([chunk] * 50, 65_536)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert body.total == 50_000_000
    assert peak < 300_000


def test_whole_chunks_are_not_copied() -> None:
    """The bytes that the server handed over are the bytes that are kept."""
    chunk = bytes(1000)
    assert collected([chunk], 65_536).kept is chunk


def test_buffer_that_is_written_again_is_copied() -> None:
    """What a sender does with its own buffer later does not change what was seen."""
    buffer = bytearray(b"first")
    collector = BodyCollector(100)
    collector.add(buffer)
    buffer[:] = b"later"
    assert collector.body().kept == b"first"


def test_of_a_long_body_only_the_beginning_is_kept(traces: CapturedTraces) -> None:
    """And never the whole in memory."""
    exchange = Exchange(Call(answering(b"", "")).scope, capture_bytes=100)
    for _ in range(1000):
        exchange.received({"type": "http.request", "body": b"x" * 1000, "more_body": True})
    assert exchange.request_body is not None
    body = exchange.request_body.body()
    assert (len(body.kept), body.total) == (100, 1_000_000)


def test_bodies_are_not_kept_where_no_content_is_captured() -> None:
    """`tracing.capture_input_output: false`."""
    exchange = Exchange(Call(answering(b"", "")).scope, capture_bytes=None)
    exchange.received({"type": "http.request", "body": b"x"})
    exchange.sent({"type": "http.response.start", "status": 200})
    exchange.sent({"type": "http.response.body", "body": b"x"})
    assert (exchange.request_body, exchange.response_body) == (None, None)
    assert exchange.complete


def test_the_span_has_the_stable_http_attributes(traces: CapturedTraces, tracing: Tracing) -> None:
    """OpenTelemetry's semantic conventions, 1.23 and on."""
    app = Starlette(routes=[Route("/things/{id}", lambda request: PlainTextResponse(""), methods=["POST"])])
    headers = {"host": "shop.example:8443", "user-agent": "curl/8"}
    Call(TracingMiddleware(app, tracing=tracing), "POST /things/7?a=1", headers=headers, scheme="https").run()
    attributes = root_of(traces).attributes
    expected = {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/things/{id}",
        "url.scheme": "https",
        "url.path": "/things/7",
        "url.query": "a=1",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "server.address": "shop.example",
        "server.port": 8443,
        "user_agent.original": "curl/8",
        "otel_mlflow.outcome": "ok",
    }
    assert expected.items() <= attributes.items()
    assert "error.type" not in attributes
    assert not [name for name in attributes if name.startswith(("http.target", "http.url", "http.status_code"))]


@pytest.mark.parametrize(
    ("host", "server", "expected"),
    [
        ("shop.example", ("127.0.0.1", 80), {"server.address": "shop.example"}),
        ("[::1]:8000", None, {"server.address": "::1", "server.port": 8000}),
        ("", ("127.0.0.1", 8000), {"server.address": "127.0.0.1", "server.port": 8000}),
        ("", ("/run/app.sock", None), {"server.address": "/run/app.sock"}),
        ("", None, {}),
    ],
)
def test_the_server_s_address_is_what_the_caller_used(
    traces: CapturedTraces, tracing: Tracing, host: str, server: Any, expected: dict[str, Any]
) -> None:
    """The Host header, and where there is none what the server says of itself."""
    app = TracingMiddleware(answering(b"", "text/plain"), tracing=tracing)
    Call(app, headers={"host": host} if host else {}, server=server).run()
    attributes = root_of(traces).attributes
    assert {name: value for name, value in attributes.items() if name.startswith("server.")} == expected


def test_a_method_that_nobody_knows_is_told_as_it_came(traces: CapturedTraces, tracing: Tracing) -> None:
    """Names of spans must not be what callers make up."""
    Call(TracingMiddleware(answering(b"", "text/plain"), tracing=tracing), "BREW /pot").run()
    root = root_of(traces)
    assert root.name == "HTTP"
    assert root.attributes["http.request.method"] == "_OTHER"
    assert root.attributes["http.request.method_original"] == "BREW"


def test_time_to_first_byte_is_recorded_of_a_stream(traces: CapturedTraces, tracing: Tracing) -> None:
    """In milliseconds, within the duration of the whole."""

    async def words() -> Any:
        for _ in range(3):
            await asyncio.sleep(0)
            yield b"word"

    app = Starlette(routes=[Route("/", lambda request: StreamingResponse(words()))])
    Call(TracingMiddleware(app, tracing=tracing)).run()
    root = root_of(traces)
    assert 0 < root.attributes[TIME_TO_FIRST_BYTE] <= (root.end_time_ns - root.start_time_ns) / 1e6


def test_time_to_first_byte_is_not_recorded_of_an_answer_in_one_piece(traces: CapturedTraces, tracing: Tracing) -> None:
    """It is the duration."""
    Call(TracingMiddleware(answering(b"answer", "text/plain"), tracing=tracing)).run()
    assert TIME_TO_FIRST_BYTE not in root_of(traces).attributes


@pytest.mark.parametrize("kind", ["http.response.trailers", "http.response.pathsend"])
def test_a_response_may_end_otherwise_than_with_a_body(kind: str) -> None:
    """ASGI extensions: trailers, and files that the server sends itself."""
    exchange = Exchange(Call(answering(b"", "")).scope, capture_bytes=None)
    exchange.sent({"type": "http.response.start", "status": 200})
    assert not exchange.complete
    exchange.sent({"type": kind})
    assert exchange.complete


def test_the_exchange_s_clock_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is set back in the middle of a request makes no span end before it began."""
    exchange = Exchange(Call(answering(b"", "")).scope, capture_bytes=None)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    exchange.end()
    assert exchange.ended_ns is not None
    assert exchange.ended_ns >= exchange.started_ns


@pytest.mark.parametrize(
    ("sent", "shown_as", "answered"),
    [("my-id", "my-id", "my-id"), ("x" * 80, "x" * 50, "x" * 80)],
)
def test_the_caller_s_request_id_is_kept_and_answered(
    traces: CapturedTraces, tracing: Tracing, sent: str, shown_as: str, answered: str
) -> None:
    """MLflow's stores have room for 50 characters; the caller gets back what it sent."""
    app = TracingMiddleware(answering(b"", "text/plain"), tracing=tracing)
    call = Call(app, headers={"x-request-id": sent}).run()
    (trace,) = traces
    assert (trace.info.client_request_id, call.headers["x-request-id"]) == (shown_as, answered)


def test_a_request_id_of_the_application_is_left_alone(traces: CapturedTraces, tracing: Tracing) -> None:
    """Some frameworks set their own."""
    app = answering(b"", "text/plain", x_request_id="theirs")
    assert Call(TracingMiddleware(app, tracing=tracing)).run().headers["x-request-id"] == "theirs"


def test_content_is_cut_to_what_the_settings_allow(traces: CapturedTraces) -> None:
    """`tracing.max_content_bytes`, inputs and outputs."""
    tracing = Tracing(Settings(tracing={"max_content_bytes": 200}))
    app = TracingMiddleware(answering(b'"' + b"y" * 1000 + b'"', "application/json"), tracing=tracing)
    Call(app, "POST /", headers={"content-type": "text/plain"}, chunks=[b"x" * 1000]).run()
    tracing.shutdown()
    for content in (root_of(traces).inputs, root_of(traces).outputs):
        assert len(str(content)) <= 200
        assert "cut" in str(content)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "a:\xb2"},
        {"host": "a:99999999999999999999"},
        {"host": "\xff\x80:80"},
        {"traceparent": "\xb2\xff", "tracestate": "\xff=\xb2", "baggage": "\xff=\xff;;;,"},
        {"content-type": "\xff/\xb2; charset=\xff", "content-length": "\xb2", "user-agent": "\xff"},
    ],
)
def test_no_header_hides_a_request(traces: CapturedTraces, tracing: Tracing, headers: dict[str, str]) -> None:
    """Whatever its bytes are: servers pass on what is no text in ASCII."""
    app = TracingMiddleware(answering(b"x", "text/plain"), tracing=tracing)
    Call(app, "POST /", headers=headers, chunks=[b"body"]).run()
    assert root_of(traces).attributes["otel_mlflow.outcome"] == "ok"
    assert root_of(traces).attributes.get("server.port", 80) in (80, 8000)


@pytest.mark.parametrize("sent", ["", "<script>", "${jndi:ldap://x}", "a\tb", "a\x85", "x" * 129])
def test_a_request_id_that_is_none_is_not_believed(traces: CapturedTraces, tracing: Tracing, sent: str) -> None:
    """One of ours takes its place, as where none was sent: a tag and the response header alone."""
    app = TracingMiddleware(answering(b"", "text/plain"), tracing=tracing)
    answered = Call(app, headers={"x-request-id": sent}).run().headers["x-request-id"]
    (trace,) = traces
    assert (trace.info.client_request_id or "", trace.info.tags["request_id"]) == ("", answered)
    assert len(answered) == 32


def test_the_request_id_of_the_application_s_answer_is_the_one_that_counts(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """It is what the caller and the application's logs have."""
    app = TracingMiddleware(answering(b"", "text/plain", x_request_id="theirs"), tracing=tracing)
    assert Call(app, headers={"x-request-id": "callers"}).run().headers["x-request-id"] == "theirs"
    (trace,) = traces
    assert trace.info.client_request_id == "theirs"
    assert "request_id" not in trace.info.tags
