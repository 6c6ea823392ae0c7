"""`Tracing` owns the parts: it starts and stops delivery, and tells how it is doing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import mlflow
import pytest

from otel_mlflow import Settings, Tracing, TracingMiddleware, TracingSetupError, instrument, uninstrument
from otel_mlflow.delivery import Delivery
from otel_mlflow.errors import ArgumentTypeError, MisconfigurationError
from otel_mlflow.integrations import TABLE
from otel_mlflow.integrations.probe import LeftOut
from otel_mlflow.status import Status
from otel_mlflow.tracing import with_left_out
from tests.servers.process import waited
from tests.unit.apps import app_of, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.delivery.backend import MemoryBackend

Made = Callable[..., Tracing]


@pytest.fixture
def backend() -> MemoryBackend:
    """What takes the traces."""
    return MemoryBackend()


@pytest.fixture
def made(fresh_process: None, backend: MemoryBackend) -> Iterator[Made]:
    """Make tracings that deliver to the backend, until the test is over."""
    all_made: list[Tracing] = []

    def make(**settings: Any) -> Tracing:
        chosen = Settings(**settings)
        tracing: Tracing
        delivery = Delivery(chosen, lambda: backend, on_change=lambda state: tracing._on_change(state))
        tracing = Tracing(chosen, delivery=delivery)
        all_made.append(tracing)
        return tracing

    yield make
    for tracing in all_made:
        tracing.shutdown()


def test_a_request_s_trace_is_delivered(made: Made, backend: MemoryBackend) -> None:
    """Through spool and forwarder."""
    tracing = made()
    call = Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
    assert tracing.flush(30)
    assert backend.ids() == {call.headers["x-mlflow-trace-id"]}
    counts = tracing.status().counts
    assert (counts.requests, counts.traced, counts.delivered, counts.pending) == (1, 1, 1, 0)


@pytest.mark.parametrize("timeout", [float("inf"), 1e12, 10**30, -1, True])
def test_an_end_may_have_any_number_of_seconds(made: Made, backend: MemoryBackend, timeout: float) -> None:
    """More than the platform can wait for, too."""
    tracing = made()
    tracing.start()
    call = Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
    assert tracing.flush(max(timeout, 30))
    tracing.shutdown(timeout)
    assert backend.ids() == {call.headers["x-mlflow-trace-id"]}


@pytest.mark.parametrize("timeout", ["5", timedelta(seconds=5), float("nan"), 5j])
def test_a_timeout_that_is_no_number_ends_nothing(made: Made, timeout: Any) -> None:
    """It is named, and what is delivered goes on."""
    tracing = made()
    tracing.start()
    for wait in (tracing.flush, tracing.shutdown):
        with pytest.raises(ArgumentTypeError, match="timeout takes a number of seconds, which NaN is not; this is a"):
            wait(timeout)
    assert tracing.flush(30)


def test_traces_outside_requests_are_delivered_and_not_counted(made: Made, backend: MemoryBackend) -> None:
    """As soon as delivery was started."""
    tracing = made()
    tracing.start()
    with span("job"):
        pass
    assert tracing.flush(30)
    assert len(backend.ids()) == 1
    assert tracing.status().counts.requests == 0


def test_delivery_starts_with_the_server(made: Made, backend: MemoryBackend) -> None:
    """At the lifespan's start, so that the start-up line is there before the first request."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    tracing = made()
    assert "started=False" in repr(tracing)
    call = Call(app)
    asyncio.run(TracingMiddleware(app, tracing=tracing)({"type": "lifespan"}, call.receive, call.send))
    assert "started=True" in repr(tracing)


def test_starting_again_changes_nothing(made: Made, backend: MemoryBackend) -> None:
    """The backend is opened once."""
    tracing = made()
    for _ in range(3):
        tracing.start()
    assert tracing.flush(30)
    with span("job"):
        pass
    assert tracing.flush(30)
    assert backend.opened == 1


def test_status_is_json_and_says_how_it_is_doing(made: Made, backend: MemoryBackend) -> None:
    """CONTRACT section 7."""
    tracing = made()
    Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
    assert tracing.flush(30)
    status = tracing.status()
    assert status.state == "ok"
    assert status.experiment is not None
    assert (status.experiment.name, status.identity) == ("delivered", "somebody")
    assert json.loads(json.dumps(status.to_dict()))["state"] == "ok"
    assert tracing.experiment_id == "1"


def test_runs_go_into_the_experiment_that_delivery_has_found(made: Made, backend: MemoryBackend) -> None:
    """A trace and its run are found together."""
    tracing = made()
    tracing.start()
    with span("job"):
        pass
    fluent: Any = mlflow.tracking.fluent
    found = waited(lambda: fluent._active_experiment_id, seconds=20)
    assert found == "1"


def test_flush_says_false_for_what_did_not_arrive(made: Made, backend: MemoryBackend) -> None:
    """The backend refuses to be opened."""

    def refuse() -> None:
        raise MisconfigurationError("401 Unauthorized", fix="set a valid token")

    backend.react_to_opening = refuse
    tracing = made()
    Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
    assert tracing.flush(0.2) is False
    assert tracing.status().counts.pending == 1


def test_a_delivery_that_lacks_an_integration_is_degraded() -> None:
    """Also once it has failed for want of it; whatever else has failed comes first."""
    gone = LeftOut(TABLE["mlflow_credentials"], "get_default_host_creds is not there")
    for_want_of_it = with_left_out(Status("failed", gone.reason, gone.fix), [gone])
    assert (for_want_of_it.state, for_want_of_it.reason, for_want_of_it.fix) == ("degraded", gone.reason, gone.fix)
    otherwise = with_left_out(Status("failed", "401 Unauthorized", "set a valid token"), [gone])
    assert (otherwise.state, otherwise.fix) == ("failed", "set a valid token")


def test_strict_raises_what_failed(made: Made, backend: MemoryBackend) -> None:
    """Instead of running degraded."""

    def refuse() -> None:
        raise MisconfigurationError("401 Unauthorized", fix="set a valid token")

    backend.react_to_opening = refuse
    with pytest.raises(TracingSetupError, match=r"401 Unauthorized.*set a valid token"):
        made(strict=True).start()


def test_strict_goes_on_where_all_is_well(made: Made, backend: MemoryBackend) -> None:
    """It has waited for the backend's answer."""
    made(strict=True).start()
    assert backend.opened == 1


def test_disabled_tracing_starts_nothing(made: Made, backend: MemoryBackend) -> None:
    """`tracing.enabled: false`."""
    tracing = made(tracing={"enabled": False})
    tracing.start()
    assert "started=False" in repr(tracing)
    assert backend.opened == 0


@pytest.fixture
def unusable_settings(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment has a value out of range."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "7")


def test_settings_that_cannot_be_used_leave_the_application_untraced(
    unusable_settings: None, caplog: pytest.LogCaptureFixture
) -> None:
    """It serves its requests all the same; log and status name the culprit and the remedy."""
    app = app_of(lambda: "answer")
    status = instrument(app).status()
    call = Call(app).run()
    uninstrument(app)
    assert call.json == "answer"
    assert "x-mlflow-trace-id" not in call.headers
    assert "OTEL_MLFLOW_TRACING__SAMPLE_RATE" in caplog.text
    assert status.state == "failed"
    assert "OTEL_MLFLOW_TRACING__SAMPLE_RATE" in status.reason
    assert status.fix


def test_settings_that_cannot_be_used_stop_a_strict_application(
    unusable_settings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their owner wants it so."""
    monkeypatch.setenv("OTEL_MLFLOW_STRICT", "true")
    app = app_of(lambda: "answer")
    with pytest.raises(TracingSetupError, match="OTEL_MLFLOW_TRACING__SAMPLE_RATE"):
        instrument(app)
    assert "x-mlflow-trace-id" not in Call(app).run().headers
