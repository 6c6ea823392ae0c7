"""The tags of requests that have joined their caller's trace, on a real MLflow server."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from mlflow import MlflowClient
from opentelemetry import propagate, trace
from starlette.testclient import TestClient

import otel_mlflow
from tests.servers.mlflow_server import MlflowServer

# MLflow warns about its own type hints as it is imported.
pytestmark = [pytest.mark.usefixtures("fresh_process"), pytest.mark.filterwarnings("ignore:.*type hint")]


def test_they_arrive_while_the_application_still_holds_a_span_of_the_request(
    mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    """MLflow's own client would set them on the trace in memory, of which they came."""
    app, held = FastAPI(), []

    @app.post("/plan")
    def plan() -> dict[str, str]:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers

    @app.post("/answer")
    def answer() -> None:
        held.append(trace.get_current_span())
        otel_mlflow.current_trace().set_tags({"answered": "yes"})

    settings = otel_mlflow.Settings(
        tracking_uri=mlflow_server.url,
        experiment_name="joined tags",
        tracing={"autolog": [], "http_only_traces": "keep", "caller_key": "one key of " + "one owner"},
        delivery={"spool_dir": str(tmp_path / "spool")},
    )
    tracing = otel_mlflow.instrument(app, settings)
    try:
        with TestClient(app) as client:
            headers = client.post("/plan").json()
            assert tracing.flush(60)
            trace_id = client.post("/answer", headers=headers).headers["x-mlflow-trace-id"]
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    assert MlflowClient(mlflow_server.url).get_trace(trace_id).info.tags["answered"] == "yes"
    assert held
