"""Spans through a collector, and beside it to MLflow what OTLP cannot carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow import Settings
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.destinations import destination_for
from otel_mlflow.delivery.destinations.collector_beside_mlflow import CollectorBesideMlflow
from otel_mlflow.delivery.records import SpooledFeedback, TraceRecord
from otel_mlflow.errors import TraceNotFoundError
from tests.delivering import Finished, info_of, trace, wait_for
from tests.servers.process import until
from tests.servers.scripted import OTLP, Fault, ScriptedMlflow
from tests.unit.delivery.backend import FastClock

TRACES = "/api/3.0/mlflow/traces"


@pytest.fixture
def collector() -> Iterator[ScriptedMlflow]:
    """What takes spans over OTLP."""
    with ScriptedMlflow() as server:
        yield server


@pytest.fixture
def mlflow() -> Iterator[ScriptedMlflow]:
    """What takes the rest."""
    with ScriptedMlflow() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, collector: ScriptedMlflow, mlflow: ScriptedMlflow) -> Settings:
    """Settings that name both."""
    return Settings(
        tracking_uri=mlflow.url,
        experiment_name="delivered",
        tracing={"backend": "otlp"},
        otlp={"endpoint": collector.url + OTLP},
        delivery={"spool_dir": tmp_path},
    )


@pytest.fixture
def delivery(settings: Settings) -> Iterator[Delivery]:
    """A running delivery."""
    delivery = Delivery(settings, clock=FastClock())
    delivery.start()
    yield delivery
    delivery.shutdown(timeout=0.2)


def test_the_settings_mean_both() -> None:
    """A tracking URI beside `backend: otlp` is the MLflow server that the collector leads to."""
    settings = Settings(
        tracking_uri="http://m:5000", tracing={"backend": "otlp"}, otlp={"endpoint": "http://c:4318/v1/traces"}
    )
    assert isinstance(destination_for(settings), CollectorBesideMlflow)


def put(delivery: Delivery, collector: ScriptedMlflow, *records: TraceRecord) -> set[str]:
    """Put traces, wait until the collector has their spans, and answer their ids."""
    ids = {record.trace_id for record in records}
    for record in records:
        delivery.put(Finished(record))
    until(lambda: collector.traces >= ids, seconds=30, waiting_for=lambda: f"spans: {delivery.status()}")
    return ids


def test_each_gets_its_own(delivery: Delivery, collector: ScriptedMlflow, mlflow: ScriptedMlflow) -> None:
    """Spans go to the collector alone, request ids and metadata to MLflow alone, and nothing twice."""
    asked, plain = trace(info=info_of(needs_request=True)), trace(info=info_of(needs_request=False))
    mlflow.arrived = put(delivery, collector, asked, plain)
    wait_for(delivery, lambda counts: counts.delivered == 2)
    assert set(collector.spans.values()) == {1}
    assert set(mlflow.infos) == {asked.trace_id}
    assert not mlflow.spans
    assert not collector.infos


def test_a_trace_of_another_experiment_is_moved_there(
    delivery: Delivery, collector: ScriptedMlflow, mlflow: ScriptedMlflow
) -> None:
    """The collector sends all to one experiment: what a request chose is in its info, which wins."""
    mlflow.arrived = put(delivery, collector, trace(info=info_of(needs_request=False), experiment="ada's"))
    wait_for(delivery, lambda counts: counts.delivered == 1)
    assert set(mlflow.infos) == mlflow.arrived


def test_the_info_waits_for_the_spans(delivery: Delivery, collector: ScriptedMlflow, mlflow: ScriptedMlflow) -> None:
    """What was said last arrives last; a trace that is late holds up no other, and nothing is wrong meanwhile."""
    late = put(delivery, collector, *(trace(info=info_of(needs_request=True)) for _ in range(30)))
    mlflow.arrived = put(delivery, collector, trace(info=info_of(needs_request=True)))
    wait_for(delivery, lambda counts: counts.delivered == 1)
    assert set(mlflow.infos) == mlflow.arrived
    assert delivery.status().state == "ok"
    mlflow.arrived = mlflow.arrived | late
    wait_for(delivery, lambda counts: counts.delivered == 31)
    assert set(mlflow.infos) == mlflow.arrived


def test_mlflow_being_down_holds_up_no_span(
    delivery: Delivery, collector: ScriptedMlflow, mlflow: ScriptedMlflow
) -> None:
    """Spans go on, once each; the rest waits and arrives; the state says which of the two it is."""
    mlflow.fault = Fault(503)
    for _ in range(5):
        mlflow.arrived |= put(delivery, collector, trace(info=info_of(needs_request=True)))
    until(lambda: delivery.status().state == "degraded", seconds=30, waiting_for=lambda: f"{delivery.status()}")
    assert "trace info, runs and feedback wait" in delivery.status().reason
    mlflow.arrived |= put(delivery, collector, trace(info=info_of(needs_request=True)))
    assert delivery.status().counts.pending == 6
    mlflow.fault = None
    wait_for(delivery, lambda counts: counts.delivered == 6)
    assert set(mlflow.infos) == mlflow.arrived
    assert set(collector.spans.values()) == {1}
    until(lambda: delivery.status().state == "ok", seconds=30, waiting_for=lambda: f"{delivery.status()}")


def test_an_mlflow_that_is_not_there_at_first(tmp_path: Path, collector: ScriptedMlflow) -> None:
    """The application starts, spans flow, and the status says what waits."""
    settings = Settings(
        tracking_uri="http://127.0.0.1:1",
        tracing={"backend": "otlp"},
        otlp={"endpoint": collector.url + OTLP},
        delivery={"spool_dir": tmp_path},
    )
    delivery = Delivery(settings, clock=FastClock())
    delivery.start()
    try:
        put(delivery, collector, trace())
        until(lambda: delivery.status().state == "degraded", seconds=30, waiting_for=lambda: f"{delivery.status()}")
    finally:
        delivery.shutdown(timeout=0.2)


def test_feedback_waits_longer_than_the_collectors_queue(settings: Settings, mlflow: ScriptedMlflow) -> None:
    """Its trace may be an hour on its way, where MLflow alone is given up after three minutes."""
    destination = destination_for(settings)
    destination.open()
    mlflow.fault = Fault(404, body=json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode())
    payload = json.dumps({"assessment": {"assessment_id": "a-1"}}).encode()
    with pytest.raises(TraceNotFoundError) as caught:
        destination.log_assessment(SpooledFeedback(1, "tr-1", payload, 0))
    assert caught.value.attempts == 120
    destination.close()


def test_feedback_asks_a_sampling_collector_once_to_keep_its_trace(
    settings: Settings, collector: ScriptedMlflow, mlflow: ScriptedMlflow
) -> None:
    """By a span in that trace, which has no part in its tree."""
    sampled = settings.model_copy(update={"otlp": settings.otlp.model_copy(update={"sampled": True})})
    destination = destination_for(sampled)
    destination.open()
    mlflow.fault = Fault(404, body=json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode())
    judged = trace().trace_id
    payload = json.dumps({"assessment": {"assessment_id": "a-1"}}).encode()
    for attempts in range(3):
        with pytest.raises(TraceNotFoundError) as caught:
            destination.log_assessment(SpooledFeedback(1, judged, payload, attempts))
        assert caught.value.attempts == 12
    assert [trace_id for trace_id, _ in collector.spans.elements()] == [judged.removeprefix("tr-")]
    destination.close()
