"""What a host of the fleet serves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import mlflow
from fastapi import FastAPI, HTTPException

import otel_mlflow
import otel_mlflow.ops
from tests.acceptance.apps.control import Control


def chosen_experiment(scope: Mapping[str, Any]) -> str | None:
    """The experiment that a request asks for."""
    named = dict(scope["headers"]).get(b"x-experiment")
    return named.decode() if named else None


app = FastAPI()
tracing = otel_mlflow.instrument(app, experiment_for=chosen_experiment)
app.mount("/ops", otel_mlflow.ops.app(tracing))
"""Without a token only this machine is served."""


@app.get("/work")
def work(fails: bool = False, keep: bool = False, size: int = 0) -> dict[str, int]:
    """Open some spans, the root's output so many bytes long, and say which process did."""
    if size:
        otel_mlflow.current_trace().set_outputs("x" * size)
    if keep:
        otel_mlflow.current_trace().set_tags({"keep": "true"})
    with mlflow.start_span("agent"):
        with mlflow.start_span("retrieve"):
            pass
        with mlflow.start_span("model"):
            if fails:
                raise HTTPException(500, "the model is not there")
    return {"pid": os.getpid()}


@app.post("/feedback/{trace_id}")
def feedback(trace_id: str) -> bool:
    """Judge an answer."""
    return otel_mlflow.log_feedback(trace_id, "helpful", True)


served = Control(app, tracing)
