"""The run of a request is made with its trace: once, whatever happens on the way, and each leads to the other."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.records import TraceRecord
from tests.delivering import Finished, delivering, info_of, settings_for, trace, wait_for
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

RUN = {
    "name": "/answers/{number}",
    "status": "FAILED",
    "start_time_ms": 1_700_000_000_000,
    "end_time_ms": 1_700_000_001_500,
    "params": {"model": "rules"},
    "metrics": {"latency_seconds": 1.5, "worst": math.inf, "none": math.nan},
    "tags": {"http.route": "/answers/{number}"},
}


def with_run(**changes: Any) -> TraceRecord:
    """A trace that is to have a run."""
    said = {"run": {**RUN, **changes}, "trace_metadata": {"mlflow.user": "ada", "mlflow.sourceRun": "the handler's"}}
    return trace(info=info_of(**said))


def runs_in(uri: str, experiment: str) -> list[Run]:
    """All runs of an experiment."""
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


def deliver(settings_: Any, *records: TraceRecord) -> None:
    """Deliver traces, one after the other."""
    with delivering(settings_) as delivery:
        for number, record in enumerate(records, 1):
            delivery.put(Finished(record))
            wait_for(delivery, lambda counts, number=number: counts.delivered == number)  # type: ignore[misc]


# MLflow's store modules warn about their own code as they are imported.
@pytest.mark.parametrize("backend", ["server", pytest.param("store", marks=pytest.mark.filterwarnings("ignore"))])
def test_run_and_trace_lead_to_each_other(tmp_path: Path, mlflow_server: MlflowServer, backend: str) -> None:
    """The run says all that was said of it; the trace names it, and MLflow finds the trace by it."""
    uri = mlflow_server.url if backend == "server" else f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings = settings_for(tmp_path / "spool", uri).model_copy(update={"experiment_name": f"linked {backend}"})
    record = with_run()
    deliver(settings, record)

    (run,) = runs_in(uri, f"linked {backend}")
    assert (run.info.run_name, run.info.status) == ("/answers/{number}", "FAILED")
    assert (run.info.start_time, run.info.end_time) == (RUN["start_time_ms"], RUN["end_time_ms"])
    assert run.data.params == {"model": "rules"}
    assert run.data.metrics["latency_seconds"] == 1.5
    assert math.isnan(run.data.metrics["none"])
    assert run.data.metrics["worst"] > 1e300
    assert run.data.tags["http.route"] == "/answers/{number}"
    assert run.data.tags["mlflow.user"] == "ada"
    assert run.data.tags["otel_mlflow.trace_id"] == record.trace_id
    found = MlflowClient(uri).search_traces(
        locations=[run.info.experiment_id], run_id=run.info.run_id, include_spans=False
    )
    assert [each.info.trace_id for each in found] == [record.trace_id]
    assert found[0].info.trace_metadata["mlflow.sourceRun"] == run.info.run_id


@pytest.mark.parametrize("after", ["/runs/create", "/runs/log-batch", "/runs/update", "/mlflow/traces"])
def test_the_line_is_cut_while_a_run_is_made(tmp_path: Path, mlflow_server: MlflowServer, after: str) -> None:
    """MLflow has taken a step without saying so, and another process delivers the trace: there is one run, whole."""
    with CuttingProxy(mlflow_server.url, cuts=1000, after=after) as proxy:
        name = f"cut after {after.rpartition('/')[2]}"
        settings = settings_for(tmp_path, proxy.url).model_copy(update={"experiment_name": name})
        with delivering(settings) as first:
            first.put(Finished(with_run()))
            until(lambda: proxy.cut, seconds=30, waiting_for=lambda: f"a request to {after}")
        proxy.cuts = 0
        with delivering(settings) as second:
            wait_for(second, lambda counts: counts.delivered == 1)
    (run,) = runs_in(mlflow_server.url, name)
    assert run.data.params == {"model": "rules"}
    assert run.info.status == "FAILED"


def test_more_is_said_of_the_same_run(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """What a background task logs or tags after the answer is added to the run that is there, in whatever process."""
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "more said"})
    first = with_run()
    more = json.loads(first.info)
    tags = {"http.route": "/answers/{number}", **{f"late {number}": "too" for number in range(150)}}
    more["run"] = {**RUN, "params": {"model": "rules", "late": "yes"}, "tags": tags, "status": "FINISHED"}
    late = dataclasses.replace(first, spans=b"", info=json.dumps(more).encode(), counted=False)
    deliver(settings, first)
    with delivering(settings) as delivery:
        delivery.put(Finished(late))
        assert delivery.flush(timeout=30)
    (run,) = runs_in(mlflow_server.url, "more said")
    assert run.data.params == {"model": "rules", "late": "yes"}
    assert run.data.tags.items() >= tags.items()
    assert run.info.status == "FINISHED"


def test_more_params_than_a_request_may_hold(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """MLflow takes a hundred at a time."""
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "many params"})
    params = {f"param {number}": str(number) for number in range(250)}
    deliver(settings, with_run(params=params))
    (run,) = runs_in(mlflow_server.url, "many params")
    assert run.data.params == params


def test_a_run_that_mlflow_refuses_is_quarantined_with_its_reason(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """The trace's spans are there, the rest waits for a person; the trace beside it arrives with its run."""
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "refused run"})
    with delivering(settings) as delivery:
        delivery.put(Finished(with_run(params={"no good name!": "1"})))
        delivery.put(Finished(with_run()))
        counts = wait_for(delivery, lambda counts: counts.delivered + counts.quarantined == 2)
    assert (counts.delivered, counts.quarantined) == (1, 1)
    assert "no good name!" in reason(delivery, settings.delivery.spool_dir)


def reason(delivery: Delivery, folder: Path) -> str:
    """Why the one record in quarantine is there."""
    from otel_mlflow.delivery.spool_admin import SpoolAdmin

    assert delivery.status().counts.quarantined == 1
    spool_admin = SpoolAdmin(folder)
    (kept,) = spool_admin.records(quarantined=True)
    spool_admin.close()
    return kept.reason or ""
