"""Real servers, one worker or several, forked before or after `instrument()`, are killed while the backend is down."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.status import Counts
from tests.delivering import EXPERIMENT, assert_adds_up
from tests.faults.crowd import Answer, Crowd
from tests.faults.rounds import rounds
from tests.faults.test_death import PROMISED
from tests.servers.app_server import AppServer, ServerName
from tests.servers.process import busy_core, until
from tests.servers.scripted import Fault, ScriptedMlflow

Serve = Callable[..., AppServer]


@pytest.fixture
def serve(tmp_path: Path, scripted: ScriptedMlflow) -> Iterator[Serve]:
    """Start the app, delivering to the scripted server."""
    servers = []

    def start(**options: Any) -> AppServer:
        environment = {"OTEL_MLFLOW_TRACKING_URI": scripted.url, "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
        server = AppServer("tests.faults.app:app", folder=tmp_path, environment=environment, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.terminate()


def counts(server: AppServer) -> Counts:
    """What the spool says, over all processes there have been."""
    with closing(SpoolAdmin(server.folder / "spool")) as spool_admin:
        (waiting,) = spool_admin.backlogs()
        found = spool_admin.counts(waiting.destination)
    assert_adds_up(found)
    return found


def check_arrival(server: AppServer, scripted: ScriptedMlflow, promised: set[str]) -> None:
    """Check that all that was promised arrives, once, and that nothing else is left unaccounted for."""
    until(
        lambda: promised <= scripted.traces,
        seconds=90,
        waiting_for=lambda: f"{len(promised - scripted.traces)} of {len(promised)} traces; {server.log[-2000:]}",
    )
    until(lambda: counts(server).pending == 0, seconds=30, waiting_for=lambda: f"{counts(server)}")
    found = counts(server)
    assert found.delivered == found.traced == len(scripted.traces)
    assert set(scripted.spans.values()) == {1}


@pytest.mark.parametrize(
    ("server", "workers"),
    [
        ("uvicorn", 2),
        pytest.param("uvicorn", 4, marks=pytest.mark.soak),
        ("gunicorn", 2),
        ("gunicorn --preload", 2),
    ],
)
def test_a_worker_is_killed(serve: Serve, scripted: ScriptedMlflow, server: ServerName, workers: int) -> None:
    """With the backend down one of several workers is killed in mid-burst; the others deliver what it had on disk."""
    scripted.fault = Fault(503)
    app = serve(server=server, workers=workers)
    with Crowd(app.url) as crowd:
        crowd.wait_for(200, processes=workers)
        victim = crowd.answers[-1].pid
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        crowd.wait_for(50)
    scripted.fault = None
    check_arrival(app, scripted, promised(crowd.answers, victim, killed))


def test_the_whole_server_is_killed_and_started_again(serve: Serve, scripted: ScriptedMlflow) -> None:
    """With the backend down the only process is killed in mid-burst; the next start delivers what was on disk."""
    scripted.fault = Fault(503)
    app = serve()
    with Crowd(app.url) as crowd:
        crowd.wait_for(200)
        app.kill()
        killed = time.monotonic()
    scripted.fault = None
    app.start()
    check_arrival(app, scripted, promised(crowd.answers, crowd.answers[0].pid, killed))


@pytest.fixture
def busy_cores() -> Iterator[None]:
    """Two processes that do nothing but take time from the others."""
    with busy_core(), busy_core():
        yield


@pytest.mark.soak
@pytest.mark.usefixtures("busy_cores")
@pytest.mark.parametrize("number", range(rounds(5)))
def test_a_worker_is_killed_at_random(serve: Serve, scripted: ScriptedMlflow, number: int) -> None:
    """Two workers on busy cores, one of them killed at any moment: the promise is kept there as well."""
    chance = random.Random(number)
    scripted.fault = Fault(503)
    app = serve(workers=2)
    with Crowd(app.url) as crowd:
        crowd.wait_for(150 + chance.randrange(150), processes=2)
        victim = chance.choice(crowd.answers).pid
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        crowd.wait_for(20)
    scripted.fault = None
    check_arrival(app, scripted, promised(crowd.answers, victim, killed))


def promised(answers: list[Answer], victim: int, killed: float) -> set[str]:
    """The traces that must arrive: all, but those that the victim answered for just before it was killed."""
    kept = {answer.trace_id for answer in answers if answer.pid != victim or answer.at < killed - PROMISED}
    assert len(kept) >= 100
    return kept


def test_the_backend_hangs_and_no_request_does(serve: Serve, scripted: ScriptedMlflow) -> None:
    """Not a word comes from the backend for as long as requests are made, and each of them is answered."""
    scripted.fault = Fault(hangs=True)
    app = serve()
    with Crowd(app.url) as crowd:
        crowd.wait_for(20)
        until(lambda: scripted.requests, seconds=30, waiting_for=lambda: "delivery to ask the backend")
        crowd.wait_for(300)
    assert not scripted.traces
    until(lambda: counts(app).pending >= 320, seconds=30, waiting_for=lambda: f"{counts(app)}")
    assert counts(app).delivered == 0
    assert "Traceback" not in app.log
