"""SIGTERM, as a supervisor stops a server: nothing that was answered is lost, and with MLflow up all of it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest

from tests.delivering import EXPERIMENT
from tests.faults.test_servers import counts
from tests.servers.app_server import AppServer, ServerName
from tests.servers.scripted import Fault, ScriptedMlflow

Serve = Callable[[ServerName], AppServer]
REQUESTS = 40


@pytest.fixture
def serve(tmp_path: Path, scripted: ScriptedMlflow) -> Iterator[Serve]:
    """Start the app under a server, delivering to the scripted MLflow server."""
    servers: list[AppServer] = []

    def start(server: ServerName) -> AppServer:
        environment = {"OTEL_MLFLOW_TRACKING_URI": scripted.url, "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
        workers = 1 if server == "daphne" else 2
        servers.append(
            AppServer("tests.faults.app:app", folder=tmp_path, environment=environment, server=server, workers=workers)
        )
        return servers[-1]

    yield start
    for server in servers:
        server.terminate()


def ask(app: AppServer) -> set[str]:
    """Ask one request after the other, each on a connection of its own; return the answers' trace ids."""
    return {httpx.get(f"{app.url}/work", timeout=30).headers["X-MLflow-Trace-Id"] for _ in range(REQUESTS)}


@pytest.mark.parametrize("server", get_args(ServerName))
def test_an_orderly_end_writes_everything_down(serve: Serve, scripted: ScriptedMlflow, server: ServerName) -> None:
    """With the backend down, right after the last answer."""
    scripted.fault = Fault(503)
    app = serve(server)
    answered = ask(app)
    app.ask_to_end()
    assert counts(app).pending == len(answered) == REQUESTS


@pytest.mark.parametrize("server", [name for name in get_args(ServerName) if name != "uvicorn --lifespan off"])
def test_an_orderly_end_delivers(serve: Serve, scripted: ScriptedMlflow, server: ServerName) -> None:
    """With the backend up, within `delivery.shutdown_timeout`."""
    app = serve(server)
    answered = ask(app)
    app.ask_to_end()
    assert counts(app).delivered == REQUESTS
    assert answered == scripted.traces
