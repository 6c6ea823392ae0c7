"""Exceptions: raised through spans, turned into answers, or let through to the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import raw, span
from tests.acceptance.shapes.visits import read_until_it_breaks

family = Family()


class OutOfPaperError(Exception):
    """What the application raises, and handles nowhere."""


class TurnedIntoAnswerError(Exception):
    """What the application raises, and turns into a 409."""


def add_exception_handler(app: FastAPI) -> None:
    """Turn one kind of exception into an answer."""

    async def conflict(_: Request, error: Exception) -> JSONResponse:
        with span("explain"):
            return JSONResponse({"detail": str(error)}, status_code=409)

    app.add_exception_handler(TurnedIntoAnswerError, conflict)


@family.route("GET /failures/http-404 > work!", status=404)
async def http_404() -> None:
    with span("work"):
        raise HTTPException(404)


@family.route("GET /failures/http-503! > work!", status=503, outcome="error")
def http_503() -> None:
    with raw("work"):
        raise HTTPException(503)


@family.route("GET /failures/answer-500! > work", status=500, outcome="error")
def answered_500() -> JSONResponse:
    with span("work"):
        return JSONResponse({}, status_code=500)


@family.route("GET /failures/sync! > work! > query!", status=500, outcome="error", raises=True)
def raised_sync() -> None:
    with span("work"), raw("query"):
        raise OutOfPaperError


@family.route("GET /failures/async! > work! > query!", status=500, outcome="error", raises=True)
async def raised_async() -> None:
    with span("work"), raw("query"):
        raise OutOfPaperError


@family.route("GET /failures/caught > work > query!")
async def caught() -> None:
    with span("work"):
        try:
            with raw("query"):
                raise OutOfPaperError
        except OutOfPaperError:
            pass


@family.route("GET /failures/handled > [work!, explain]", status=409)
async def handled() -> None:
    with span("work"):
        raise TurnedIntoAnswerError


@family.route("GET /failures/invalid", status=422)
async def invalid(_must_be_there: int) -> None:
    return None


async def breaking_async() -> AsyncIterator[bytes]:
    with span("answer"):
        yield b"so far so good"
        raise OutOfPaperError


def breaking() -> Iterator[bytes]:
    with span("answer"):
        yield b"so far so good"
        raise OutOfPaperError


@family.route("GET /failures/stream-async! > answer!", outcome="error", raises=True, visit=read_until_it_breaks)
async def stream_breaks_async() -> StreamingResponse:
    return StreamingResponse(breaking_async())


@family.route("GET /failures/stream-sync! > answer!", outcome="error", raises=True, visit=read_until_it_breaks)
def stream_breaks() -> StreamingResponse:
    return StreamingResponse(breaking())
