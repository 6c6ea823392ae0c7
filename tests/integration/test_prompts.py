"""The prompts that a request loads, on a real MLflow server: linked to its trace and to its runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import mlflow
import pytest
from fastapi import BackgroundTasks, FastAPI
from mlflow import MlflowClient
from starlette.testclient import TestClient

import otel_mlflow
from tests.servers.mlflow_server import MlflowServer

# MLflow warns about its own type hints as it is imported.
pytestmark = [pytest.mark.usefixtures("fresh_process"), pytest.mark.filterwarnings("ignore:.*type hint")]
EARLY, LATE = "prompt-before-the-answer", "prompt-after-the-answer"


def application(mlflow_server: MlflowServer, folder: Path) -> tuple[FastAPI, otel_mlflow.Tracing]:
    """A route that loads one prompt in a run of its own, and another when the first one's link has arrived."""
    app = FastAPI()

    @app.get("/greeting")
    def greet(background: BackgroundTasks) -> str:
        background.add_task(load_late)
        with mlflow.start_run() as run:
            mlflow.genai.load_prompt(EARLY, version=1)
        return str(run.info.run_id)

    def load_late() -> None:
        assert tracing.flush(60)
        mlflow.genai.load_prompt(LATE, version=1)

    settings = otel_mlflow.Settings(
        tracking_uri=mlflow_server.url,
        experiment_name="prompts",
        tracing={"autolog": [], "http_only_traces": "keep"},
        runs={"mode": "request"},
        delivery={"spool_dir": str(folder / "spool")},
    )
    tracing = otel_mlflow.instrument(app, settings)
    return app, tracing


def linked(tags: Mapping[str, str]) -> list[str]:
    """The names of the prompts that a trace or a run says it has used."""
    return [prompt["name"] for prompt in json.loads(tags["mlflow.linkedPrompts"])]


def test_prompts_are_linked_to_the_trace_and_the_runs(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """As MLflow does it without us; the run that the request opens has all, also those loaded after the answer."""
    app, tracing = application(mlflow_server, tmp_path)
    for name in (EARLY, LATE):
        mlflow.genai.register_prompt(name=name, template="Hello")
    try:
        with TestClient(app) as client:
            answer = client.get("/greeting")
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    trace_id = answer.headers["x-mlflow-trace-id"]
    client_of_mlflow = MlflowClient(mlflow_server.url)
    trace = client_of_mlflow.get_trace(trace_id)
    assert linked(trace.info.tags) == [EARLY, LATE]
    assert linked(client_of_mlflow.get_run(answer.json()).data.tags) == [EARLY]
    experiments = [trace.info.experiment_id]
    (run,) = client_of_mlflow.search_runs(experiments, f"tags.`otel_mlflow.trace_id` = '{trace_id}'")
    assert linked(run.data.tags) == [EARLY, LATE]
    for name in (EARLY, LATE):
        found = client_of_mlflow.search_traces(
            locations=experiments, filter_string=f"prompt = '{name}/1'", include_spans=False
        )
        assert [each.info.trace_id for each in found] == [trace_id]
