"""MLflow's fluent runs inside handlers: each request has its own, at any concurrency."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator

import pytest
from mlflow.entities import Run

from tests.acceptance.apps.meeting import AT_ONCE
from tests.acceptance.service import Service, check_log
from tests.acceptance.shapes.visits import REQUEST_ID
from tests.servers.mlflow_server import MlflowServer
from tests.servers.traces import parse, picture, trees

KINDS = ("async", "sync", "implicit")


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app, in one process."""
    service = Service(
        "tests.acceptance.apps.runs:served",
        folder=tmp_path_factory.mktemp("runs"),
        tracking_uri=mlflow_server.url,
    )
    yield service
    service.server.terminate()


async def ask_all(service: Service, kind: str) -> dict[str, str]:
    """Make all requests at once; return the id of the run that each answered, by X-Request-ID."""
    async with service.client() as client:
        ids = [uuid.uuid4().hex for _ in range(AT_ONCE)]
        asked = [client.get(f"/{kind}/{i}", headers={REQUEST_ID: request_id}) for i, request_id in enumerate(ids)]
        answers = [answer.raise_for_status() for answer in await asyncio.gather(*asked)]
        return {request_id: answer.json() for request_id, answer in zip(ids, answers, strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_simultaneous_requests_have_a_run_each(service: Service, kind: str) -> None:
    """Twenty answers, twenty runs, each with its own parameter, each trace with its own run."""
    since, log_before = time.time(), len(service.server.log)
    run_of_request = asyncio.run(ask_all(service, kind))
    traces = service.traces(dict.fromkeys(run_of_request, 2), since=since)
    runs = [service.reader.client.get_run(run_id) for run_id in run_of_request.values()]
    assert [logged(run) for run in runs] == [{"number": str(i), "squared": i**2} for i in range(AT_ONCE)]
    assert {run.info.status for run in runs} == {"FINISHED"}
    sources = {t.info.client_request_id: t.info.trace_metadata.get("mlflow.sourceRun") for t in traces}
    assert sources == run_of_request
    whole = picture([parse(f"GET /{kind}/{{number}} > work")])
    assert [picture(trees(trace.data.spans)) for trace in traces] == [whole] * AT_ONCE
    check_log(service.server.log[log_before:])


def logged(run: Run) -> dict[str, object]:
    """The parameters and metrics of a run."""
    return {**run.data.params, **run.data.metrics}
