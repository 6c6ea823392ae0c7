"""What OTLP cannot carry arrives beside the Collectors: runs, request ids, feedback, experiments of single requests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace

from tests.fleet.chaos import SPANS
from tests.fleet.way import Way, way
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

SOURCE_RUN = "mlflow.sourceRun"


@pytest.fixture(scope="module")
def with_runs(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A way to an application that makes a run of each request."""
    folder, settings = tmp_path_factory.mktemp("runs"), {"OTEL_MLFLOW_RUNS__MODE": "request"}
    with way("tests.fleet.app:served", folder, mlflow_server.url, network="127.0.13", application=settings) as running:
        yield running


@pytest.mark.parametrize("chosen", [False, True])
def test_runs_feedback_and_the_experiment_arrive(with_runs: Way, mlflow_server: MlflowServer, chosen: bool) -> None:
    """In the application's experiment, and in the one that the request chose, to which the Collector does not send."""
    experiment = f"ada-{uuid.uuid4().hex}" if chosen else with_runs.service.reader.experiment
    headers = {"X-Request-ID": "of the client", **({"X-Experiment": experiment} if chosen else {})}
    url = with_runs.service.server.url
    answer = httpx.get(f"{url}/work", headers=headers, timeout=60).raise_for_status()
    trace_id = answer.headers["X-MLflow-Trace-Id"]
    httpx.post(f"{url}/feedback/{trace_id}", timeout=60).raise_for_status()
    trace = whole(TraceReader(mlflow_server.url, experiment), trace_id)
    assert len(trace.data.spans) == SPANS
    assert trace.info.client_request_id == "of the client"
    assert [each.name for each in trace.info.assessments] == ["helpful"]
    client = MlflowClient(mlflow_server.url)
    run = client.get_run(trace.info.trace_metadata[SOURCE_RUN])
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    assert (run.info.status, run.info.experiment_id) == ("FINISHED", found.experiment_id)


def whole(reader: TraceReader, trace_id: str) -> Trace:
    """The trace, as soon as all that goes beside its spans is there."""

    def look() -> Trace | None:
        found = {trace.info.trace_id: trace for trace in reader.traces()}.get(trace_id)
        is_whole = found is not None and SOURCE_RUN in found.info.trace_metadata and found.info.assessments
        return found if is_whole else None

    return until(look, seconds=120, waiting_for=lambda: f"trace {trace_id} in {reader.experiment}")
