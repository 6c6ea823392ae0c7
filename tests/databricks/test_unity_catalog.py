"""Traces in Unity Catalog: what arrives, in how many requests, and what happens where the workspace has none of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.trace_location import UnityCatalog

from otel_mlflow import Settings
from tests.databricks.sending import (
    NAME,
    child_spans,
    feedback_on,
    fragment,
    read_back,
    root_of,
    settings_in,
)
from tests.delivering import Finished, delivering, info_of, put, trace, wait_for
from tests.servers.workspace import Fault, Workspace

CATALOG = {"catalog": "main", "schema": "default", "table_prefix": "agent"}
LOCATION = "main.default.agent"
OTLP = "/api/2.0/otel/v1/traces"


def catalog_settings(folder: Path, **changes: str) -> Settings:
    """Settings of an app whose traces are to be kept in tables."""
    return settings_in(folder, unity_catalog={**CATALOG, **changes})


def test_a_trace_arrives_whole(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """The experiment is linked to its tables, and MLflow's client finds the trace with its spans in them."""
    metadata = {"mlflow.trace.session": "s-1", "mlflow.trace.user": "bob"}
    asked = {"mlflow.spanInputs": '{"message": ["three slides", 3, 0.5, true, null]}', "mlflow.spanOutputs": '"done"'}
    sent = trace(info=info_of(trace_metadata=metadata, tags={"http.route": "/chat"}), spans=4, attributes=asked)
    with delivering(catalog_settings(tmp_path)) as delivery:
        delivery.put(Finished(sent))
        assert delivery.flush(30)
    experiment = client.get_experiment_by_name(NAME)
    assert experiment is not None
    assert experiment.trace_location == UnityCatalog(*LOCATION.split("."))
    [arrived] = client.search_traces(locations=[LOCATION])
    [root] = [span for span in arrived.data.spans if span.parent_id is None]
    assert {span.parent_id for span in arrived.data.spans if span is not root} == {root.span_id}
    assert (root.inputs, root.outputs) == ({"message": ["three slides", 3, 0.5, True, None]}, "done")
    assert arrived.info.trace_id == f"trace:/{LOCATION}/{sent.trace_id.removeprefix('tr-')}"
    assert arrived.info.tags["http.route"] == "/chat"
    assert arrived.info.trace_metadata.items() >= metadata.items()


def test_many_traces_take_little_more_than_a_request_each(as_user: Workspace, tmp_path: Path) -> None:
    """Spans of many traces go together, the info of each by itself, and nothing to artifact storage."""
    with delivering(catalog_settings(tmp_path)) as delivery:
        put(delivery, 40)
        wait_for(delivery, lambda counts: counts.delivered == 40)
    assert as_user.api.count("POST", f"/api/4.0/mlflow/traces/{LOCATION}/.*/info") == 40
    assert as_user.api.count("POST", OTLP) <= 4
    assert as_user.storage_server.requests == []
    assert len(as_user.api.requests) < 2 * 40


def test_what_ends_later_joins_its_trace(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """A fragment is more rows in the table of spans."""
    whole = trace(spans=3)
    with delivering(catalog_settings(tmp_path)) as delivery:
        delivery.put(Finished(whole))
        delivery.put(Finished(fragment(whole, child_spans(whole.trace_id, root_of(whole)))))
        assert delivery.flush(30)
    [arrived] = client.search_traces(locations=[LOCATION])
    assert len(arrived.data.spans) == 4


def test_feedback_arrives_with_its_trace(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """Feedback goes to where the trace is."""
    sent = trace()
    with delivering(catalog_settings(tmp_path)) as delivery:
        delivery.put(Finished(sent))
        delivery.put_feedback(sent.trace_id, feedback_on(sent.trace_id))
        assert delivery.flush(30)
    [arrived] = client.search_traces(locations=[LOCATION])
    [said] = arrived.info.assessments
    assert (said.name, said.source.source_id) == ("helpful", "bob")


def test_feedback_after_a_restart_finds_its_trace(as_user: Workspace, tmp_path: Path) -> None:
    """No trace has been sent by this process, and the feedback is about one of another."""
    with delivering(catalog_settings(tmp_path)) as delivery:
        [trace_id] = put(delivery, 1)
        assert delivery.flush(30)
    with delivering(catalog_settings(tmp_path)) as delivery:
        delivery.put_feedback(trace_id, feedback_on(trace_id))
        assert delivery.flush(30)
    assert len(as_user.catalog.get(LOCATION, trace_id.removeprefix("tr-"))["assessments"]) == 1


def test_feedback_finds_its_trace_in_tables_and_out_of_them(as_user: Workspace, tmp_path: Path) -> None:
    """One experiment is linked to tables, another is a classic one, and feedback does not say which it is about."""
    with delivering(catalog_settings(tmp_path)) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
    in_tables, classic = trace(), trace(experiment="/Shared/classic")
    with delivering(settings_in(tmp_path)) as delivery:
        for sent in (in_tables, classic):
            delivery.put(Finished(sent))
        assert delivery.flush(30)
        for sent in (in_tables, classic):
            delivery.put_feedback(sent.trace_id, feedback_on(sent.trace_id))
        assert delivery.flush(30)
    assert len(as_user.catalog.get(LOCATION, in_tables.trace_id.removeprefix("tr-"))["assessments"]) == 1
    assert len(as_user.assessments.of(classic.trace_id)) == 1


def test_a_request_has_its_run(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """The trace leads to the run, and the run to the trace."""
    times = {"start_time_ms": 1_700_000_000_000, "end_time_ms": 1_700_000_001_000}
    said = {"params": {"depth": "3"}, "metrics": {"latency_seconds": 1.0}, "tags": {"http.route": "/chat"}}
    run = {"name": "a turn", "status": "FINISHED", **times, **said}
    sent = trace(info=info_of(run=run))
    with delivering(catalog_settings(tmp_path)) as delivery:
        delivery.put(Finished(sent))
        assert delivery.flush(30)
    [arrived] = client.search_traces(locations=[LOCATION])
    made = client.get_run(arrived.info.trace_metadata["mlflow.sourceRun"])
    assert (made.info.run_name, made.info.status, made.data.params) == ("a turn", "FINISHED", {"depth": "3"})
    assert made.data.tags["otel_mlflow.trace_id"] == sent.trace_id


def test_an_experiment_that_is_linked_already_is_not_linked_again(as_user: Workspace, tmp_path: Path) -> None:
    """Neither by settings that say the same, nor by settings that say nothing of it."""
    for number, settings in enumerate([catalog_settings(tmp_path), catalog_settings(tmp_path), settings_in(tmp_path)]):
        with delivering(settings) as delivery:
            put(delivery, 1)
            assert delivery.flush(30)
        assert len(as_user.catalog.infos[LOCATION]) == number + 1
    assert as_user.api.count("POST", "/api/5.0/mlflow/tracing/locations") == 1


def test_an_experiment_that_is_linked_elsewhere_says_so(as_user: Workspace, tmp_path: Path) -> None:
    """Traces wait, and the message names both places."""
    with delivering(catalog_settings(tmp_path)) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
    with delivering(catalog_settings(tmp_path, table_prefix="other")) as delivery:
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        assert LOCATION in delivery.status().reason
        assert "main.default.other" in delivery.status().reason


@pytest.mark.parametrize("feature", ["enabled", "ingests"])
def test_switched_off_the_traces_go_to_the_classic_experiment(
    feature: str, as_user: Workspace, client: MlflowClient, tmp_path: Path
) -> None:
    """Nothing is lost, nobody has to do anything, and the status says what is otherwise than wanted."""
    setattr(as_user.catalog, feature, False)
    with delivering(catalog_settings(tmp_path)) as delivery:
        [trace_id] = put(delivery, 1)
        assert delivery.flush(30)
        assert delivery.status().state == "ok"
        assert "switched off" in delivery.status().reason
        assert "classic" in delivery.status().reason
    assert len(read_back(client)[trace_id].data.spans) == 6


def test_a_schema_that_is_not_there_is_named(as_user: Workspace, tmp_path: Path) -> None:
    """With what to check and what to grant."""
    with delivering(catalog_settings(tmp_path, schema="nowhere")) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        assert "main.nowhere" in delivery.status().reason
        assert "USE SCHEMA" in delivery.status().fix


def test_an_outage_loses_nothing(as_user: Workspace, tmp_path: Path) -> None:
    """Spans were taken, their traces' info was not: all is there in the end, and each trace once."""
    as_user.api.faults.add("/info$", Fault(503, "TEMPORARILY_UNAVAILABLE", "later"), times=3)
    with delivering(catalog_settings(tmp_path)) as delivery:
        put(delivery, 10)
        wait_for(delivery, lambda counts: counts.delivered == 10)
    assert len(as_user.catalog.infos[LOCATION]) == 10
    assert len(as_user.catalog.spans[f"{LOCATION}_otel_spans"]) == 60


def test_the_start_up_line_says_that_it_is_switched_off(
    as_user: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads the log need not ask for the status."""
    from otel_mlflow.startup import log_state

    as_user.catalog.enabled = False
    caplog.set_level(logging.INFO, logger="otel_mlflow")
    with delivering(catalog_settings(tmp_path), on_change=log_state) as delivery:
        wait_for(delivery, lambda counts: delivery.status().state == "ok")
    assert "switched off" in caplog.text
