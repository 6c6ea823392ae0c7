"""Feedback that twenty callers give at once, on a real MLflow server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import mlflow
import pytest
from fastapi import FastAPI

import otel_mlflow
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader

# MLflow warns about its own type hints as it is imported.
pytestmark = [pytest.mark.usefixtures("fresh_process"), pytest.mark.filterwarnings("ignore:.*type hint")]
CALLERS = 20
EXPERIMENT = "feedback of many"


def application() -> FastAPI:
    """A route that works, waits for all others, and judges what `get_last_active_trace_id` names."""
    app, arrived, everybody = FastAPI(), list[int](), asyncio.Event()

    @app.get("/answer/{number}")
    async def answer(number: int) -> str:
        with mlflow.start_span("work"):
            arrived.append(number)
            if len(arrived) == CALLERS:
                everybody.set()
            await everybody.wait()
        last = mlflow.get_last_active_trace_id()
        mlflow.log_feedback(trace_id=str(last), name="number", value=number)
        return str(last)

    return app


async def ask_at_once(app: FastAPI) -> dict[str, int]:
    """The number that each trace is of, by the response's header; what a handler found must be the same."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        responses = await asyncio.gather(*(client.get(f"/answer/{number}") for number in range(CALLERS)))
    assert [response.json() for response in responses] == [each.headers["x-mlflow-trace-id"] for each in responses]
    return {response.json(): number for number, response in enumerate(responses)}


def test_twenty_callers_judge_their_own_answers(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """The last active trace is the caller's own, and has the feedback that was given through it."""

    async def serve() -> dict[str, int]:
        app = application()
        settings = otel_mlflow.Settings(
            tracking_uri=mlflow_server.url,
            experiment_name=EXPERIMENT,
            tracing={"autolog": []},
            delivery={"spool_dir": str(tmp_path / "spool")},
        )
        tracing = otel_mlflow.instrument(app, settings)
        try:
            numbers = await ask_at_once(app)
            assert await asyncio.to_thread(tracing.flush, 60)
        finally:
            await asyncio.to_thread(otel_mlflow.uninstrument, app)
        return numbers

    numbers = asyncio.run(serve())
    reader = TraceReader(mlflow_server.url, EXPERIMENT)
    traces = until(
        lambda: found if len(found := reader.traces(spans=False)) == CALLERS else None,
        seconds=30,
        waiting_for=lambda: "all traces",
    )
    assert {
        trace.info.trace_id: [each.feedback.value for each in trace.info.assessments if each.feedback]
        for trace in traces
    } == {trace_id: [number] for trace_id, number in numbers.items()}
