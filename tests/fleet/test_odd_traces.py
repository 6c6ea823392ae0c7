"""What is no ordinary request passes the Collectors, too: large traces, failed ones, what is said of a trace later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from mlflow.entities import Trace
from mlflow.exceptions import MlflowException

from tests.fleet.chaos import SPANS
from tests.fleet.way import Way, way
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

TEN_MEGABYTES = 10_000_000


@pytest.fixture(scope="module")
def ordinary(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A way to an application as it comes."""
    with way(
        "tests.fleet.app:served", tmp_path_factory.mktemp("ordinary"), mlflow_server.url, network="127.0.15"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def roomy(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A way to an application that keeps long content whole."""
    folder, settings = tmp_path_factory.mktemp("roomy"), {"OTEL_MLFLOW_TRACING__MAX_CONTENT_BYTES": "11000000"}
    with way("tests.fleet.app:served", folder, mlflow_server.url, network="127.0.14", application=settings) as running:
        yield running


def test_large_traces_arrive_with_the_small_ones(roomy: Way) -> None:
    """Several of them are more than the agent takes in one request, which refuses it: they are sent by themselves."""
    large = {ask(roomy, f"/work?size={TEN_MEGABYTES}") for _ in range(3)}
    small = ask(roomy, "/work")
    arrived(roomy, small)
    found = {each: arrived(roomy, each) for each in large}
    assert {len(str(found[each].data.spans[0].outputs)) for each in large} == {TEN_MEGABYTES}


def test_a_failed_request_arrives_as_one(ordinary: Way) -> None:
    """With its state, its outcome, and the exception on the spans that it passed."""
    trace = arrived(ordinary, ask(ordinary, "/work?fails=true", status=500))
    assert (trace.info.state.value, trace.info.tags["otel_mlflow.outcome"]) == ("ERROR", "error")
    assert "the model is not there" in str([span.events for span in trace.data.spans])


def test_what_is_said_of_a_trace_that_has_arrived_stays(ordinary: Way) -> None:
    """A tag that somebody sets, and feedback of a day later; both are there when they have passed."""
    trace_id = ask(ordinary, "/work")
    arrived(ordinary, trace_id)
    ordinary.service.reader.client.set_trace_tag(trace_id, "reviewed", "yes")
    httpx.post(f"{ordinary.service.server.url}/feedback/{trace_id}", timeout=60).raise_for_status()
    trace = arrived(ordinary, trace_id, lambda found: bool(found.info.assessments))
    assert [each.name for each in trace.info.assessments] == ["helpful"]
    assert trace.info.tags["reviewed"] == "yes"


def ask(going: Way, path: str, *, status: int = 200) -> str:
    """One request; its trace's id."""
    answer = httpx.get(going.service.server.url + path, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.headers["X-MLflow-Trace-Id"]


def has_all_spans(trace: Trace) -> bool:
    """A large one comes in several requests, the root in the last of them."""
    return len(trace.data.spans) == SPANS


def arrived(going: Way, trace_id: str, is_whole: Callable[[Trace], bool] = has_all_spans) -> Trace:
    """The trace, as soon as it is in MLflow and is as it should be."""

    def look() -> Trace | None:
        try:
            found = going.service.reader.client.get_trace(trace_id, display=False)
        except MlflowException:
            return None
        return found if is_whole(found) else None

    return until(look, seconds=180, waiting_for=lambda: f"trace {trace_id} in MLflow")
