"""Delivery into a local tracking store: MLflow's own classes on SQLite, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Feedback, Trace

from otel_mlflow import Settings, log_feedback
from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from otel_mlflow.delivery.records import SpooledTrace, TraceRecord
from otel_mlflow.guard import GUARD
from tests.delivering import Finished, delivering, info_of, put, settings_for, spans_of, trace, wait_for
from tests.servers.process import until
from tests.servers.traces import TraceReader


@pytest.fixture(autouse=True)
def strict_guard() -> Iterator[None]:
    """Let what goes wrong in delivery's threads fail the test."""
    GUARD.strict = True
    yield
    GUARD.strict = False


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database; each test has an experiment of its own in it."""
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


def into(store: str, experiment: str, folder: Path) -> Settings:
    """Settings that deliver to an experiment of the store."""
    return settings_for(folder, store).model_copy(update={"experiment_name": experiment})


def stored(store: str, experiment: str) -> dict[str, Trace]:
    """What is there, by trace id."""
    return {trace.info.trace_id: trace for trace in TraceReader(store, experiment).traces()}


def test_traces_arrive_whole(tmp_path: Path, store: str) -> None:
    """Spans, and all that OTLP does not carry."""
    with delivering(into(store, "whole", tmp_path)) as delivery:
        ids = put(delivery, 5, info=info_of(client_request_id="request-1", state="ERROR"))
        wait_for(delivery, lambda counts: counts.delivered == 5, seconds=60)
    found = stored(store, "whole")
    assert set(found) == set(ids)
    for each in found.values():
        assert len(each.data.spans) == 6
        assert each.info.client_request_id == "request-1"
        assert each.info.state.value == "ERROR"
        assert each.info.tags["http.route"] == "/route"
        assert each.info.trace_metadata["colour"] == "blue"


def test_twice_is_once(tmp_path: Path, store: str) -> None:
    """What was sent already changes nothing when it is sent again."""
    record = trace()
    batch = [SpooledTrace(1, record.trace_id, record.spans, record.info, None)]
    destination = TrackingStore(store, experiment_name="twice", experiment_id=None)
    destination.open()
    destination.send(batch)
    destination.send(batch)
    (found,) = stored(store, "twice").values()
    assert len(found.data.spans) == 6


def test_requests_of_several_experiments(tmp_path: Path, store: str) -> None:
    """Each trace is in its own, created as it is needed."""
    with delivering(into(store, "common", tmp_path)) as delivery:
        ada, bob = put(delivery, 2, experiment="of ada"), put(delivery, 2, experiment="of bob")
        wait_for(delivery, lambda counts: counts.delivered == 4, seconds=60)
    assert set(stored(store, "of ada")) == set(ada)
    assert set(stored(store, "of bob")) == set(bob)
    assert not stored(store, "common")


def test_feedback_is_there_once(tmp_path: Path, store: str) -> None:
    """Put right after its trace, and tried again after it was taken."""
    with delivering(into(store, "judged", tmp_path)) as delivery:
        record = trace()
        delivery.put(Finished(record))
        log_feedback(record.trace_id, "stars", 5, user="ada")
        assert delivery.flush(timeout=60)
    (found,) = stored(store, "judged").values()
    (feedback,) = [each for each in found.info.assessments if isinstance(each, Feedback)]
    assert (feedback.name, feedback.value) == ("stars", 5)


def test_a_trace_that_the_store_refuses_is_alone_in_quarantine(tmp_path: Path, store: str) -> None:
    """A name that no column holds: the others arrive."""
    refused = trace(info=info_of(tags={"mlflow.traceName": "x" * 9000}))
    with delivering(into(store, "refusing", tmp_path)) as delivery:
        ids = put(delivery, 4)
        delivery.put(Finished(refused))
        counts = wait_for(delivery, lambda counts: counts.delivered + counts.quarantined == 5, seconds=60)
    assert (counts.delivered, counts.quarantined) == (4, 1)
    assert set(ids) <= set(stored(store, "refusing"))


def test_a_deleted_experiment_is_waited_for(tmp_path: Path, store: str) -> None:
    """Traces wait, the reason names the experiment, and they arrive once it is restored."""
    client = MlflowClient(store)
    experiment = client.create_experiment("deleted")
    client.delete_experiment(experiment)
    with delivering(into(store, "deleted", tmp_path)) as delivery:
        ids = put(delivery, 2)
        until(lambda: delivery.status().state == "failed", seconds=30, waiting_for=lambda: f"{delivery.status()}")
        assert "'deleted'" in delivery.status().reason
        client.restore_experiment(experiment)
        wait_for(delivery, lambda counts: counts.delivered == 2, seconds=60)
    assert set(stored(store, "deleted")) == set(ids)


def test_spans_that_are_none_are_quarantined(tmp_path: Path, store: str) -> None:
    """A span without an id: the store's own words are the reason, and the others arrive."""
    broken = TraceRecord("tr-" + "e" * 32, spans_of(b""), info_of(), None, counted=True)
    with delivering(into(store, "broken", tmp_path)) as delivery:
        delivery.put(Finished(broken))
        put(delivery, 3)
        counts = wait_for(delivery, lambda counts: counts.delivered + counts.quarantined == 4, seconds=60)
    assert (counts.delivered, counts.quarantined) == (3, 1)
