"""An application that passes on whatever it is given, to wherever a trace has room for it."""

from __future__ import annotations

from typing import Annotated, Any

import mlflow
from fastapi import Body, FastAPI, Header
from langchain_core.tools import tool
from opentelemetry import trace

import otel_mlflow
from tests.acceptance.apps.control import Control

app = FastAPI(title="secrets")
tracer = trace.get_tracer("a.library")


@tool
def pass_on(document: Any, text: str) -> Any:
    """Hand a document to two libraries."""
    with mlflow.start_span("mlflow") as span:
        span.set_inputs(document)
        span.set_outputs({"document": document, "text": text})
        span.set_attribute("note", text)
    with tracer.start_as_current_span("library") as raw:
        raw.set_attributes({"gen_ai.input.messages": text, "input.value": text, "lines": [text, "and more"]})
        raw.add_event("said", {"text": text, "lines": [text]})
    return document


@app.post("/pass-on/{item}")
async def everything(
    item: str,
    document: Annotated[Any, Body()],
    text: Annotated[str, Body()],
    fails: Annotated[bool, Body()],
    x_note: Annotated[str, Header()] = "",
) -> Any:
    current = otel_mlflow.current_trace()
    current.set_tags({"text": text, "note": x_note})
    current.log_params({"text": text, "item": item})
    current.set_session(text)
    mlflow.update_current_trace(metadata={"text": text}, request_preview=text)
    otel_mlflow.log_feedback(current.id, "said", text, rationale=text, metadata={"text": text})
    answer = pass_on.invoke({"document": document, "text": text})
    if fails:
        raise ValueError(text)
    return answer


@app.get("/health")
async def health() -> int:
    """How many traces wait for MLflow."""
    return tracing.status().counts.pending


tracing = otel_mlflow.instrument(app)
served = Control(app, tracing)
