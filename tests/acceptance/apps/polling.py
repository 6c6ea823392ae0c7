"""An application that is polled while it works, and fails now and then."""

from __future__ import annotations

from dataclasses import asdict

import mlflow
from fastapi import FastAPI, HTTPException

import otel_mlflow
from tests.acceptance.apps.control import Control

app = FastAPI()


@app.get("/poll")
async def poll() -> str:
    return "not yet"


@app.get("/work")
async def work() -> str:
    with mlflow.start_span("work"):
        return "done"


@app.get("/fail")
async def fail() -> None:
    raise HTTPException(503)


@app.get("/health")
async def health() -> dict[str, int]:
    """What became of the requests so far."""
    return asdict(tracing.status().counts)


tracing = otel_mlflow.instrument(app)
served = Control(app, tracing)
