"""Handlers that log runs with MLflow's fluent API, all of them with their runs open at the same moment."""

from __future__ import annotations

import mlflow
from fastapi import FastAPI

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.acceptance.apps.meeting import Meeting

app = FastAPI()
sync_meeting, async_meeting, implicit_meeting = Meeting(), Meeting(), Meeting()


def log(number: int) -> None:
    """Log to whatever run is active, as a helper deep in an application does."""
    mlflow.log_param("number", number)
    mlflow.log_metric("squared", number**2)


@app.get("/async/{number}")
async def async_run(number: int) -> str:
    with mlflow.start_run(run_name=f"run {number}") as run:
        await async_meeting.wait_async()
        with mlflow.start_span("work"):
            log(number)
    return str(run.info.run_id)


@app.get("/sync/{number}")
def sync_run(number: int) -> str:
    with mlflow.start_run(run_name=f"run {number}") as run:
        sync_meeting.wait()
        with mlflow.start_span("work"):
            log(number)
    return str(run.info.run_id)


@app.get("/implicit/{number}")
async def implicit_run(number: int) -> str:
    """MLflow opens a run by itself when something is logged without one."""
    log(number)
    await implicit_meeting.wait_async()
    with mlflow.start_span("work"):
        run = mlflow.active_run()
    assert run is not None
    return str(run.info.run_id)


served = Control(app, otel_mlflow.instrument(app))
