"""An application with the dashboard in it, for a real server; its settings come from the environment."""

from __future__ import annotations

import os

import mlflow
from fastapi import FastAPI, HTTPException
from mlflow.entities import SpanType

import otel_mlflow

app = FastAPI(title="Served")
tracing = otel_mlflow.instrument(app)
app.mount("/ops", otel_mlflow.ops.app(tracing, show_users=True))


@app.get("/items/{item}")
async def get_item(item: int) -> int:
    """Answer, or not: item 13 is not there, item 666 raises."""
    if item == 13:
        raise HTTPException(404)
    if item == 666:
        raise ValueError("the secret of 666")
    if item == 667:
        raise KeyError("the secret of 667")
    return item


@app.get("/ask")
async def ask() -> int:
    """Call a model; answer which process has done so."""
    with mlflow.start_span("the secret model", span_type=SpanType.CHAT_MODEL) as span:
        span.set_attribute("mlflow.llm.model", "large")
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25})
    return os.getpid()
