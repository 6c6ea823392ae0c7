"""Routes whose bodies, headers and users are of every kind that a trace can tell of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import mlflow
from fastapi import Body, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

import otel_mlflow
from tests.acceptance.apps.control import Control

app = FastAPI(title="metadata")


@app.post("/json/{number}")
async def json(number: int, body: Annotated[Any, Body()]) -> Any:
    return {"number": number, "answer": body}


@app.get("/query/{number}")
async def query(number: int, verbose: bool) -> str:
    return f"{number} {verbose}"


@app.post("/text")
async def text(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode().upper())


@app.post("/binary")
async def binary(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


@app.get("/events")
async def events() -> StreamingResponse:
    async def told() -> AsyncIterator[str]:
        yield 'data: {"step": 1}\n\n'
        yield "event: note\ndata: two lines\ndata: of text\n\n"
        yield ": a comment, which is no event\n\n"

    return StreamingResponse(told(), media_type="text/event-stream")


@app.get("/user")
async def user() -> str:
    trace = otel_mlflow.current_trace()
    trace.set_user("ada")
    trace.set_session("session 7")
    trace.set_tags({"team": "blue"})
    trace.set_inputs({"asked": "by hand"})
    trace.set_outputs({"answered": "by hand"})
    mlflow.update_current_trace(tags={"fluent": "yes"})
    return trace.id


served = Control(app, otel_mlflow.instrument(app))
