"""`otel-mlflow run` with servers that serve the app in processes of their own: workers, or a new one on a change."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.app_server import AppServer, ServerName
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader, parse, picture, trees

RUN = (sys.executable, "-m", "otel_mlflow.commands.cli", "run")
APP = """
import os
import mlflow
from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
def hello() -> str:
    with mlflow.start_span("SPAN"):
        return f"SPAN {os.getpid()}"
"""

Serve = Callable[..., tuple[AppServer, TraceReader]]


@pytest.fixture
def serve(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[Serve]:
    """Serve the app of this folder, below `otel-mlflow run`; it ends with the test."""
    running: list[AppServer] = []

    def served(server: ServerName, workers: int = 1) -> tuple[AppServer, TraceReader]:
        experiment = f"run-{uuid.uuid4().hex[:12]}"
        settings = {"OTEL_MLFLOW_TRACKING_URI": mlflow_server.url, "OTEL_MLFLOW_EXPERIMENT_NAME": experiment}
        write_app(tmp_path, span="first")
        running.append(
            AppServer("main:app", folder=tmp_path, environment=settings, server=server, workers=workers, launcher=RUN)
        )
        return running[-1], TraceReader(mlflow_server.url, experiment)

    yield served
    for each in running:
        each.terminate()


def write_app(folder: Path, *, span: str) -> None:
    """An app that nobody touched, but for the name of its span; whole at once, for a server that watches it."""
    (folder / "main.new").write_text(APP.replace("SPAN", span))
    (folder / "main.new").replace(folder / "main.py")


def get(server: AppServer) -> tuple[list[str], str]:
    """The words of one answer, over a connection of its own, and the id of its trace."""
    answer = httpx.get(f"{server.url}/hello", timeout=60).raise_for_status()
    return answer.json().split(), answer.headers["x-mlflow-trace-id"]


def pictures(reader: TraceReader, trace_ids: set[str]) -> dict[str, str]:
    """The trees of these traces, as soon as all are there."""

    def found() -> dict[str, str]:
        drawn = {trace.info.trace_id: picture(trees(trace.data.spans)) for trace in reader.traces()}
        return drawn if drawn.keys() >= trace_ids else {}

    return until(found, seconds=60, waiting_for=lambda: f"{trace_ids}")


def test_every_worker_traces(serve: Serve) -> None:
    """The trees are the same whichever of the workers answers."""
    server, reader = serve("uvicorn", workers=2)
    answered: dict[str, str] = {}

    def both_answered() -> bool:
        (_, process), trace_id = get(server)
        answered[process] = trace_id
        return len(answered) == 2

    until(both_answered, seconds=60, waiting_for=lambda: f"an answer of another worker than {answered}")
    found = pictures(reader, set(answered.values()))
    assert {found[trace_id] for trace_id in answered.values()} == {picture([parse("GET /hello > first")])}


@pytest.mark.soak
def test_a_reload_traces_the_new_code(serve: Serve, tmp_path: Path) -> None:
    """In the process that the server starts in place of the old one; what that had answered is delivered."""
    server, reader = serve("uvicorn --reload")
    _, before = get(server)
    write_app(tmp_path, span="second")
    after: list[str] = []

    def reloaded() -> bool:
        try:
            (span, _), trace_id = get(server)
        except httpx.TransportError:  # while nobody listens
            return False
        after.append(trace_id)
        return span == "second"

    until(reloaded, seconds=60, waiting_for=lambda: f"a reload:\n{server.log[-4000:]}")
    found = pictures(reader, {before, after[-1]})
    assert found[before] == picture([parse("GET /hello > first")])
    assert found[after[-1]] == picture([parse("GET /hello > second")])
