"""The backend is down, restarts, hangs, fails, throttles, or cuts the line: everything arrives, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_mlflow.delivery import DeliveryState
from tests.delivering import EXPERIMENT, delivering, put, settings_for, wait_for
from tests.faults.stored import LateServer, stored_in
from tests.ports import find_free_port
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.scripted import INFOS, OTLP, Fault, ScriptedMlflow

TRACES = 20
SPANS = 6


def test_backend_down_for_a_whole_life_and_restarted_in_the_next(tmp_path: Path) -> None:
    """What one process could not deliver the next one does, and it loses nothing over a restart of the backend."""
    server = LateServer(tmp_path)
    settings = settings_for(tmp_path / "spool", server.url)
    with delivering(settings) as first:
        ids = put(first, TRACES)
        until(lambda: first.status().state == "degraded", seconds=20, waiting_for=lambda: f"{first.status()}")
        assert wait_for(first, lambda counts: counts.pending == TRACES).delivered == 0

    server.start()
    try:
        with delivering(settings) as second:
            wait_for(second, lambda counts: counts.delivered == TRACES)
            ids += put(second, TRACES)
            server.stop()
            ids += put(second, TRACES)
            until(lambda: second.status().state == "degraded", seconds=20, waiting_for=lambda: f"{second.status()}")
            server.start()
            ids += put(second, TRACES)
            wait_for(second, lambda counts: counts.delivered == 4 * TRACES, seconds=60)
            assert second.status().state == "ok"
        assert stored_in(server, EXPERIMENT) == dict.fromkeys(ids, SPANS)
    finally:
        server.stop()


def test_the_line_is_cut_after_the_backend_has_accepted(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """What the backend has taken without saying so is sent again, and is there once all the same."""
    with CuttingProxy(mlflow_server.url, cuts=4) as proxy:
        settings = settings_for(tmp_path, proxy.url).model_copy(update={"experiment_name": "cut"})
        with delivering(settings) as delivery:
            ids = put(delivery, TRACES)
            wait_for(delivery, lambda counts: counts.delivered == TRACES)
    assert stored_in(mlflow_server, "cut") == dict.fromkeys(ids, SPANS)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(500, says="out of order"), id="500"),
        pytest.param(Fault(503), id="503"),
        pytest.param(Fault(422, says="Failed to log OpenTelemetry spans"), id="its database"),
        pytest.param(Fault(429, {"Retry-After": "1"}), id="429"),
        pytest.param(Fault(408), id="408"),
        pytest.param(Fault(cuts=True), id="cut before it accepts"),
        pytest.param(Fault(takes=True, cuts=True), id="cut after it has accepted"),
        pytest.param(Fault(hangs=True), id="hangs"),
    ],
)
def test_a_few_bad_answers(tmp_path: Path, scripted: ScriptedMlflow, fault: Fault) -> None:
    """Whatever the backend answers for a while, everything arrives in the end, and nothing is held against a trace."""
    scripted.faults.extend([fault] * 3)
    with delivering(settings_for(tmp_path, scripted.url), read_timeout=0.3) as delivery:
        ids = put(delivery, TRACES)
        counts = wait_for(delivery, lambda counts: counts.delivered == TRACES)
        assert (counts.quarantined, counts.dropped) == (0, 0)
    assert scripted.traces == set(ids)
    assert set(scripted.infos) == set(ids)


def test_retry_after_keeps_everybody_away(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """While the backend has asked to be left alone nothing is sent, not even by a flush."""
    scripted.faults.append(Fault(429, {"Retry-After": "3600"}))
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, 1)
        until(lambda: not scripted.faults, seconds=30, waiting_for=lambda: "the first request")
        asked = len(scripted.requests)
        put(delivery, TRACES)
        assert not delivery.flush(timeout=1.0)
        assert len(scripted.requests) == asked


def test_putting_waits_for_nobody(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """While the backend hangs in the middle of an answer, traces are taken and spooled as ever."""
    scripted.faults.append(Fault(hangs=True))
    with delivering(settings_for(tmp_path, scripted.url), read_timeout=600) as delivery:
        put(delivery, 1)
        until(lambda: scripted.count(INFOS) + scripted.count(OTLP), seconds=30, waiting_for=lambda: "the first request")
        put(delivery, TRACES)
        with_disk = wait_for(delivery, lambda counts: counts.pending == TRACES + 1)
        assert with_disk.delivered == 0


def test_a_connection_that_nobody_answers(tmp_path: Path) -> None:
    """An address at which nothing listens makes the state degraded, and names the address and what to do."""
    url = f"http://127.0.0.1:{find_free_port()}"
    told: list[DeliveryState] = []
    with delivering(settings_for(tmp_path, url), on_change=told.append) as delivery:
        put(delivery, 2)
        until(lambda: told, seconds=20, waiting_for=lambda: "a word about it")
        status = delivery.status()
        assert status.state == "degraded"
        assert url in status.reason
        assert status.fix
        assert url in told[0].message
        assert "waiting" in told[0].message or "nothing waits" in told[0].message
