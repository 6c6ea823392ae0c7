"""An app of many users, each with an experiment of their own, whose turns run over threads and tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import mlflow
from fastapi import FastAPI
from opentelemetry import trace

import otel_mlflow
from tests.acceptance.apps.control import Control

app = FastAPI()


def work(user: str) -> None:
    """A part of a turn on a thread."""
    with mlflow.start_span("work") as span:
        span.set_attribute("user", user)


@app.get("/turns/{user}/{turn}")
async def turn(user: str, turn: int) -> str:
    """A turn of a conversation."""
    otel_mlflow.current_trace().set_tags({"turn": f"{user} {turn}"})
    with trace.get_tracer("a.library").start_as_current_span("plan"):
        await asyncio.gather(asyncio.to_thread(work, user), asyncio.create_task(asyncio.to_thread(work, user)))
    return "done"


def experiment_of(scope: Mapping[str, Any]) -> str | None:
    """Each user's own."""
    parts = scope["path"].split("/")
    return f"/Users/{parts[2]}/agent" if len(parts) == 4 else None


served = Control(app, otel_mlflow.instrument(app, experiment_for=experiment_of))
