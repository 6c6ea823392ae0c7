"""User code that configures MLflow and OpenTelemetry by itself, before us, after us and in the middle of a request."""

from __future__ import annotations

import os
import tempfile

import mlflow
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.acceptance.shapes.spans import nested, raw, span

WHEN = os.environ["UNRULY"]
ELSEWHERE = f"sqlite:///{tempfile.mkdtemp()}/elsewhere.db"


def set_tracking_uri() -> None:
    mlflow.set_tracking_uri(ELSEWHERE)


def set_experiment() -> None:
    mlflow.set_experiment("an experiment of the user's")


def set_tracer_provider() -> None:
    trace.set_tracer_provider(TracerProvider())


def set_everything() -> None:
    set_tracking_uri()
    set_experiment()
    set_tracer_provider()


DEEDS = {deed.__name__: deed for deed in (set_tracking_uri, set_experiment, set_tracer_provider, set_everything)}

app = FastAPI()


@app.get("/quiet")
async def quiet() -> None:
    nested("work", "query")


@app.get("/meanwhile/{deed}")
async def meanwhile(deed: str) -> None:
    """Do it with spans open, then go on."""
    with span("work"), raw("query"):
        DEEDS[deed]()
        nested("more work", "query")
    nested("work", "query")


@app.get("/do/{deed}")
def do(deed: str) -> None:
    DEEDS[deed]()


if WHEN == "before":
    set_everything()
tracing = otel_mlflow.instrument(app)
if WHEN == "after":
    set_everything()
served = Control(app, tracing)
