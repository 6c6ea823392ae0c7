"""SIGTERM, as a supervisor stops a server: nothing that was answered is lost, and with MLflow up all of it arrives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest

from tests.delivering import EXPERIMENT
from tests.faults.rounds import rounds
from tests.faults.test_servers import counts
from tests.servers.app_server import AppServer, ServerName
from tests.servers.scripted import Fault, ScriptedMlflow

Serve = Callable[[ServerName], AppServer]
REQUESTS = 40
ONE_OF_A_KIND = ("uvicorn", "gunicorn", "hypercorn --worker-class trio")
"""Each start takes three processes: the other servers deliver in the soak, and write everything down always."""


@pytest.fixture
def serve(tmp_path: Path, scripted: ScriptedMlflow) -> Iterator[Serve]:
    """Start the app under a server, delivering to the scripted MLflow server."""
    servers: list[AppServer] = []

    def start(server: ServerName) -> AppServer:
        servers.append(app_server(server, tmp_path, scripted))
        return servers[-1]

    yield start
    for server in servers:
        server.terminate()


def app_server(server: ServerName, folder: Path, backend: ScriptedMlflow) -> AppServer:
    """The app with two workers, where the server can have them."""
    environment = {"OTEL_MLFLOW_TRACKING_URI": backend.url, "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    workers = 1 if server == "daphne" else 2
    return AppServer("tests.faults.app:app", folder=folder, environment=environment, server=server, workers=workers)


def ask(app: AppServer) -> set[str]:
    """Ask one request after the other, each on a connection of its own; return the answers' trace ids."""
    return {httpx.get(f"{app.url}/work", timeout=90).headers["X-MLflow-Trace-Id"] for _ in range(REQUESTS)}


@pytest.mark.parametrize("server", get_args(ServerName))
def test_an_orderly_end_writes_everything_down(serve: Serve, scripted: ScriptedMlflow, server: ServerName) -> None:
    """With the backend down, right after the last answer."""
    scripted.fault = Fault(503)
    app = serve(server)
    answered = ask(app)
    app.ask_to_end()
    assert counts(app).pending == len(answered) == REQUESTS


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(name, marks=() if name in ONE_OF_A_KIND else pytest.mark.soak)
        for name in get_args(ServerName)
        if name != "uvicorn --lifespan off"
    ],
)
def test_an_orderly_end_delivers(serve: Serve, scripted: ScriptedMlflow, server: ServerName) -> None:
    """With the backend up, within `delivery.shutdown_timeout`."""
    app = serve(server)
    answered = ask(app)
    app.ask_to_end()
    assert counts(app).delivered == REQUESTS
    assert answered == scripted.traces


def test_a_signal_that_comes_while_delivery_ends_lets_it_end(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """A lifespan has begun the end, the backend takes its time, nobody handles SIGTERM: it comes last."""
    scripted.fault = Fault(takes=True, seconds=1.5)
    command = [sys.executable, "-m", "tests.faults.ending_twice", str(tmp_path), scripted.url]
    assert subprocess.run(command, check=False, timeout=60).returncode == -15
    assert len(scripted.traces) == 1


def test_a_signal_that_the_main_thread_misses_is_sent_again(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Python looks at signals between two steps of the main thread: one that comes as it begins to wait is not seen."""
    command = [sys.executable, "-m", "tests.faults.losing_a_signal", str(tmp_path), scripted.url]
    assert subprocess.run(command, check=False, timeout=60).returncode == -15
    assert len(scripted.traces) == 1


@pytest.mark.parametrize("way", ["last line", "SIGTERM", "lifespan"])
def test_all_that_a_process_delivers_is_delivered_at_once(tmp_path: Path, way: str) -> None:
    """No delivery waits for another's end, and an end is all's: no lifespan reaches some applications."""
    subprocess.run([sys.executable, "-m", "tests.faults.ending_together", str(tmp_path), way], check=False, timeout=120)
    assert (tmp_path / "taken").read_text() == "one\n" * 2


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("group", [False, True], ids=["first process", "process group"])
@pytest.mark.parametrize("server", ["uvicorn", "gunicorn", "hypercorn", "granian"])
def test_orderly_ends_again_and_again(tmp_path: Path, server: ServerName, group: bool) -> None:
    """Each time all that was answered arrives, whether a supervisor tells the first process or all of them."""
    for number in range(rounds(2)):
        with ScriptedMlflow() as backend:
            app = app_server(server, tmp_path / str(number), backend)
            try:
                answered = ask(app)
                app.ask_to_end(group=group)
                assert answered == backend.traces, f"round {number}: {counts(app)}; {app.log[-2000:]}"
            finally:
                app.terminate()
