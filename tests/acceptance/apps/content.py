"""Requests that say all that can be said of themselves, from everywhere inside; and other libraries' spans."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from langchain_core.tools import tool
from opentelemetry import trace

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.conventions import GEN_AI, OPEN_INFERENCE, TRACELOOP

app = FastAPI(title="content")
app.add_middleware(CORSMiddleware, allow_origins=["*"], expose_headers=["X-Total"])
tracer = trace.get_tracer("a.library")


def from_dependency() -> Iterator[str]:
    """Say who asks, and something more when the handler is done."""
    otel_mlflow.current_trace().set_user("ada")
    yield "dependency"
    otel_mlflow.current_trace().set_tags({"after the handler": "yes"})


@tool
def search(question: str) -> str:
    """Look something up."""
    otel_mlflow.current_trace().log_params({"searched": question})
    otel_mlflow.current_trace().set_tags({"tool": "yes"})
    return "found"


def in_thread() -> None:
    otel_mlflow.current_trace().log_metrics({"threads": 1})
    otel_mlflow.current_trace().set_tags({"thread": "yes"})


async def in_background() -> None:
    otel_mlflow.current_trace().set_tags({"background": "yes"})


@app.post("/everywhere/{number}")
async def everywhere(
    number: int, background: BackgroundTasks, dependency: Annotated[str, Depends(from_dependency)]
) -> dict[str, str]:
    current = otel_mlflow.current_trace()
    current.set_session("chat 7")
    current.set_inputs({"question": "largest city?"})
    current.set_outputs({"answer": "Tokyo"})
    current.log_params({"number": number, dependency: "yes"})
    search.invoke({"question": "largest city?"})
    await asyncio.to_thread(in_thread)
    background.add_task(in_background)
    otel_mlflow.log_feedback(current.id, "helpful", True, rationale="it was", user="ada", metadata={"page": "1"})
    return {"trace_id": current.id}


@app.get("/fails")
async def fails() -> None:
    raise ValueError("no luck")


@app.get("/models")
async def models() -> None:
    """Calls of models as three instrumentations describe them."""
    for convention, said in CONVENTIONS.items():
        with tracer.start_as_current_span(convention) as span:
            span.set_attributes(said)


@app.websocket("/socket")
async def socket(socket: WebSocket) -> None:
    await socket.accept()
    otel_mlflow.current_trace().set_session("chat 8")
    otel_mlflow.current_trace().set_tags({"socket": await socket.receive_text()})
    await socket.send_text(otel_mlflow.current_trace().id)
    await socket.close()


CONVENTIONS = {"gen_ai": GEN_AI, "OpenInference": OPEN_INFERENCE, "Traceloop": TRACELOOP}

served = Control(app, otel_mlflow.instrument(app))
