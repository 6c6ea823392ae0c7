"""Tags that are set or deleted while the application holds a span of the trace, on a real MLflow server."""

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


def application(mlflow_server: MlflowServer, folder: Path, held: list[object]) -> tuple[FastAPI, otel_mlflow.Tracing]:
    """A route whose headers the other is called with, which sets a tag. Both leave a span of theirs in `held`."""
    app = FastAPI()

    @app.post("/plan")
    def plan() -> dict[str, str]:
        held.append(trace.get_current_span())
        otel_mlflow.current_trace().set_tags({"planned": "yes", "wrong": "yes"})
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers

    @app.post("/answer")
    def answer() -> None:
        held.append(trace.get_current_span())
        otel_mlflow.current_trace().set_tags({"answered": "yes"})

    settings = otel_mlflow.Settings(
        tracking_uri=mlflow_server.url,
        experiment_name="tags",
        tracing={"autolog": [], "http_only_traces": "keep", "caller_key": "one key of " + "one owner"},
        delivery={"spool_dir": str(folder / "spool")},
    )
    return app, otel_mlflow.instrument(app, settings)


def test_those_of_a_joined_request_arrive_while_its_span_is_held(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """MLflow's own client would set them on the trace in memory, of which they came."""
    held: list[object] = []
    app, tracing = application(mlflow_server, tmp_path, held)
    try:
        with TestClient(app) as client:
            headers = client.post("/plan").json()
            assert tracing.flush(60)
            trace_id = client.post("/answer", headers=headers).headers["x-mlflow-trace-id"]
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    assert MlflowClient(mlflow_server.url).get_trace(trace_id).info.tags["answered"] == "yes"


def test_one_that_is_deleted_later_is_gone_while_a_span_is_held(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """MLflow's own client would delete it on the trace in memory only, which MLflow has had already."""
    held: list[object] = []
    app, tracing = application(mlflow_server, tmp_path, held)
    mlflow_client = MlflowClient(mlflow_server.url)
    try:
        with TestClient(app) as client:
            trace_id = client.post("/plan").headers["x-mlflow-trace-id"]
            assert tracing.flush(60)
            assert mlflow_client.get_trace(trace_id).info.tags["wrong"] == "yes"
            mlflow_client.delete_trace_tag(trace_id, "wrong")
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    tags = mlflow_client.get_trace(trace_id).info.tags
    assert tags["planned"] == "yes"
    assert "wrong" not in tags
