"""An application with the neighbour that NEIGHBOUR names; with us as well if TRACED is `yes`."""

from __future__ import annotations

import os

from tests.neighbours.beside import NEIGHBOURS

attach = NEIGHBOURS[os.environ["NEIGHBOUR"]]()  # before the rest is imported: some instrument what comes after them

import mlflow  # noqa: E402
from fastapi import FastAPI, HTTPException  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from opentelemetry import trace  # noqa: E402
from starlette.types import ASGIApp  # noqa: E402

import otel_mlflow  # noqa: E402
from tests.acceptance.apps.control import Control  # noqa: E402

app = FastAPI(openapi_url=None)


@app.get("/agent/{item}")
async def agent(item: int) -> int:
    with (
        mlflow.start_span("outer"),
        trace.get_tracer("raw").start_as_current_span("raw"),
        mlflow.start_span("inner"),
    ):
        return item


@app.get("/stream")
def stream() -> StreamingResponse:
    def pieces() -> object:
        for name in ("one", "two"):
            with mlflow.start_span(name):
                yield f"{name}\n"

    return StreamingResponse(pieces(), media_type="text/plain")  # type: ignore[arg-type]


@app.get("/teapot")
def teapot() -> None:
    raise HTTPException(418, "no coffee")


@app.get("/failure")
def failure() -> None:
    raise RuntimeError("on purpose")


app.add_api_route("/seen", attach(app))


def _served() -> ASGIApp:
    if os.environ["TRACED"] != "yes":
        return app
    tracing = otel_mlflow.instrument(app)
    return Control(app, tracing)


served = _served()
