"""The tokens of a trace on a real MLflow server, where its spans arrive in pieces."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import otel_mlflow
from otel_mlflow.mlflow_names import CHAT_USAGE
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader

# MLflow warns about its own type hints as it is imported.
pytestmark = [pytest.mark.usefixtures("fresh_process"), pytest.mark.filterwarnings("ignore:.*type hint")]
CALLS = ({"input_tokens": 10, "output_tokens": 1, "total_tokens": 11},) * 3


def test_a_job_s_tokens_are_those_of_all_its_calls(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """Each call is delivered before the next is made: MLflow adds up none that follows a trace's info."""
    app, carriers = FastAPI(), list[dict[str, str]]()

    @app.post("/order")
    def order() -> None:
        carriers.append(otel_mlflow.current_trace().carrier())

    settings = otel_mlflow.Settings(
        tracking_uri=mlflow_server.url,
        experiment_name="late tokens",
        tracing={"autolog": [], "http_only_traces": "keep"},
        delivery={"spool_dir": str(tmp_path / "spool")},
    )
    tracing = otel_mlflow.instrument(app, settings)
    try:
        with TestClient(app) as client:
            client.post("/order")
            with otel_mlflow.continued(carriers[0], "job"):
                for usage in CALLS:
                    with mlflow.start_span("call", span_type="CHAT_MODEL") as span:
                        span.set_attribute(CHAT_USAGE, usage)
                    assert tracing.flush(60)
            assert tracing.flush(60)
    finally:
        otel_mlflow.uninstrument(app)
    reader = TraceReader(mlflow_server.url, "late tokens")
    (trace,) = until(reader.traces, seconds=30, waiting_for=lambda: "the trace")
    assert trace.info.token_usage == {"input_tokens": 30, "output_tokens": 3, "total_tokens": 33}
