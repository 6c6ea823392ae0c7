"""Streamed answers: generators of both colours, with spans open while their chunks travel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import mlflow
from fastapi.responses import FileResponse, StreamingResponse

from tests.acceptance.apps.gates import released, released_async
from tests.acceptance.shapes.family import Family, RequestId
from tests.acceptance.shapes.spans import nested, raw, span
from tests.acceptance.shapes.visits import release_after_first_chunk

family = Family()
EVENTS = "text/event-stream"


def spans_within_steps() -> Iterator[bytes]:
    for word in (b"one ", b"two ", b"three"):
        nested("step", "query")
        yield word


async def spans_within_steps_async() -> AsyncIterator[bytes]:
    for word in spans_within_steps():
        yield word


@family.route("GET /streams/steps-sync > [step > query, step > query, step > query]")
def steps() -> StreamingResponse:
    return StreamingResponse(spans_within_steps())


@family.route("GET /streams/steps-async > [step > query, step > query, step > query]")
async def steps_async() -> StreamingResponse:
    return StreamingResponse(spans_within_steps_async())


def span_around_steps() -> Iterator[bytes]:
    with span("answer"):
        yield from spans_within_steps()


async def span_around_steps_async() -> AsyncIterator[bytes]:
    with span("answer"):
        async for word in spans_within_steps_async():
            yield word


@family.route("GET /streams/around-sync > answer > [step > query, step > query, step > query]")
def around() -> StreamingResponse:
    return StreamingResponse(span_around_steps())


@family.route("GET /streams/around-async > answer > [step > query, step > query, step > query]")
async def around_async() -> StreamingResponse:
    return StreamingResponse(span_around_steps_async())


def server_sent_events() -> Iterator[str]:
    """Each event's span is open while the event is sent."""
    with raw("answer"):
        for word in ("one", "two"):
            with span("event"):
                yield f"data: {word}\n\n"


async def server_sent_events_async() -> AsyncIterator[str]:
    with raw("answer"):
        for word in ("one", "two"):
            with span("event"):
                yield f"data: {word}\n\n"


@family.route("GET /streams/events-sync > answer > [event, event]")
def events() -> StreamingResponse:
    return StreamingResponse(server_sent_events(), media_type=EVENTS)


@family.route("GET /streams/events-async > answer > [event, event]")
async def events_async() -> StreamingResponse:
    return StreamingResponse(server_sent_events_async(), media_type=EVENTS)


@mlflow.trace(name="decorated")
def decorated() -> Iterator[bytes]:
    yield from spans_within_steps()


@mlflow.trace(name="decorated")
async def decorated_async() -> AsyncIterator[bytes]:
    async for word in spans_within_steps_async():
        yield word


@family.route("GET /streams/decorated-sync > decorated > [step > query, step > query, step > query]")
def decorated_generator() -> StreamingResponse:
    return StreamingResponse(decorated())


@family.route("GET /streams/decorated-async > decorated > [step > query, step > query, step > query]")
async def decorated_generator_async() -> StreamingResponse:
    return StreamingResponse(decorated_async())


@family.route("GET /streams/handler-first > [work > query, answer > [step > query, step > query, step > query]]")
async def work_before_the_stream() -> StreamingResponse:
    nested("work", "query")
    return StreamingResponse(span_around_steps_async())


def gated(request_id: str) -> Iterator[bytes]:
    with span("answer"):
        yield b"first"
        released(request_id)
        yield b"last"


async def gated_async(request_id: str) -> AsyncIterator[bytes]:
    with span("answer"):
        yield b"first"
        await released_async(request_id)
        yield b"last"


@family.route("GET /streams/gated-sync > answer", visit=release_after_first_chunk)
def first_chunk_is_not_held_back(request_id: RequestId) -> StreamingResponse:
    return StreamingResponse(gated(request_id))


@family.route("GET /streams/gated-async > answer", visit=release_after_first_chunk)
async def first_chunk_is_not_held_back_async(request_id: RequestId) -> StreamingResponse:
    return StreamingResponse(gated_async(request_id))


async def many_chunks() -> AsyncIterator[bytes]:
    for number in range(200):
        yield b"%d\n" % number


@family.route("GET /streams/two-hundred-chunks")
async def two_hundred_chunks() -> StreamingResponse:
    return StreamingResponse(many_chunks())


@family.route("GET /streams/ordered-in-a-span > [order, step > query, step > query, step > query]")
async def stream_made_in_a_span_that_ends_first() -> StreamingResponse:
    """The chunks are made when the handler, with its span, is long over."""
    with span("order"):
        return StreamingResponse(spans_within_steps_async())


@family.route("GET /streams/file > work")
def file() -> FileResponse:
    with span("work"):
        return FileResponse(__file__)
