"""The runs of requests that have joined their caller's trace, on a real MLflow server."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from fastapi import FastAPI
from mlflow import MlflowClient
from mlflow.entities import Run
from opentelemetry import propagate
from starlette.testclient import TestClient

import otel_mlflow
from tests.servers.mlflow_server import MlflowServer

# MLflow warns about its own type hints as it is imported.
pytestmark = [pytest.mark.usefixtures("fresh_process"), pytest.mark.filterwarnings("ignore:.*type hint")]
EXPERIMENT = "joined runs"


def application(mlflow_server: MlflowServer, folder: Path) -> tuple[FastAPI, otel_mlflow.Tracing]:
    """Two routes: the first calls the second, as one service of an owner calls another."""
    app = FastAPI()

    @app.post("/plan")
    def plan() -> dict[str, str]:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        otel_mlflow.current_trace().log_params({"who": "caller"})
        return headers

    @app.post("/answer/{number}")
    def answer(number: int) -> str:
        otel_mlflow.current_trace().log_params({"number": number})
        mlflow.start_run(run_name="left open")
        return "done"

    settings = otel_mlflow.Settings(
        tracking_uri=mlflow_server.url,
        experiment_name=EXPERIMENT,
        tracing={"autolog": [], "http_only_traces": "keep", "caller_key": "one key of " + "one owner"},
        runs={"mode": "request", "name": "{route}"},
        delivery={"spool_dir": str(folder / "spool")},
    )
    return app, otel_mlflow.instrument(app, settings)


def runs_by_name(client: MlflowClient) -> dict[str, Run]:
    """All runs of the experiment."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def test_a_request_in_its_caller_s_trace_has_a_run_of_its_own(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """Linked to the one trace of both, with its own params; the runs that its handler left open are ended."""
    app, tracing = application(mlflow_server, tmp_path)
    try:
        with TestClient(app) as client:
            headers = client.post("/plan").json()
            assert tracing.flush(60)
            joined = client.post("/answer/7", headers=headers)
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    mlflow_client = MlflowClient(mlflow_server.url)
    runs = runs_by_name(mlflow_client)
    trace_id = joined.headers["x-mlflow-trace-id"]

    assert sorted(runs) == ["/answer/{number}", "/plan", "left open"]
    assert runs["/plan"].data.tags["otel_mlflow.trace_id"] == trace_id
    run = runs["/answer/{number}"]
    assert run.data.params == {"number": "7"}
    assert run.data.tags["otel_mlflow.trace_id"].startswith(f"{trace_id}/")
    assert [each.info.status for each in runs.values()] == ["FINISHED"] * 3
    for each in ("/plan", "/answer/{number}"):
        found = mlflow_client.search_traces(
            locations=[run.info.experiment_id], run_id=runs[each].info.run_id, include_spans=False
        )
        assert [trace.info.trace_id for trace in found] == [trace_id]
