"""What MLflow has begun, or has yet to send, when an application is instrumented."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.servers.process import ChildProcess, until

PROGRAM = """
import mlflow
from fastapi import FastAPI

import otel_mlflow

mlflow.set_experiment("of start-up")
with mlflow.start_span("finished"):
    pass
detached = mlflow.start_span_no_context("detached")
with mlflow.start_span("open"):
    with mlflow.start_span("below"):
        pass
    otel_mlflow.instrument(FastAPI())
detached.end()
"""


def test_it_arrives_by_mlflow_s_own_way(tmp_path: Path) -> None:
    """Its exporter sends in batches, some seconds later, and asks for traces where ours stands in by then."""
    store = tmp_path / "mlflow.db"
    environment = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{store}",
        "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
    }
    process = ChildProcess([sys.executable, "-c", PROGRAM], folder=tmp_path, environment=environment)
    until(lambda: process.exit_code is not None, seconds=120, waiting_for=lambda: f"its end:\n{process.log}")
    with closing(sqlite3.connect(store)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM spans")}
    assert names == {"finished", "detached", "open", "below"}, process.log
