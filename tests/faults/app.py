"""A small instrumented app, imported before or after its server forks."""

from __future__ import annotations

import os

import mlflow
from fastapi import FastAPI

import otel_mlflow

app = FastAPI()
otel_mlflow.instrument(app)


@app.get("/work")
def work() -> dict[str, int]:
    """Open a span, and say which process did."""
    with mlflow.start_span("work"):
        return {"pid": os.getpid()}
