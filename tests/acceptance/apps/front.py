"""A service that calls another one, with the headers that OpenTelemetry's global propagator gives."""

from __future__ import annotations

import os

import httpx
import mlflow
from fastapi import FastAPI
from opentelemetry.propagate import inject

import otel_mlflow
from tests.acceptance.apps.control import Control

app = FastAPI()


@app.get("/front/{page}")
async def front(page: str) -> str:
    headers: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=os.environ["BACK_URL"]) as back:
        with mlflow.start_span("call"):
            inject(headers)
            answer = await back.get(f"/{page}/async", headers=headers)
    return answer.raise_for_status().headers["X-MLflow-Trace-Id"]


@app.get("/headers")
async def headers() -> dict[str, str]:
    """What an outgoing call would carry."""
    carried: dict[str, str] = {}
    inject(carried)
    return carried


served = Control(app, otel_mlflow.instrument(app))
