"""What requests say of themselves, read back through MLflow's client; and the runs that belong to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mlflow.entities import Feedback, Run, Trace
from websockets.sync.client import connect

from tests.acceptance.service import Service
from tests.acceptance.shapes.visits import REQUEST_ID, TRACE_ID
from tests.conventions import ANSWER
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

RUNS = {"OTEL_MLFLOW_RUNS__MODE": "request", "OTEL_MLFLOW_RUNS__NAME": "{route} in {session_id}"}


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app, in one process, with a run for each request."""
    folder = tmp_path_factory.mktemp("content")
    service = Service(
        "tests.acceptance.apps.content:served", folder=folder, tracking_uri=mlflow_server.url, environment=RUNS
    )
    yield service
    service.server.terminate()


def ask(service: Service, method: str, path: str, **options: Any) -> tuple[httpx.Response, Trace]:
    """Make a request; return its answer and its trace."""
    since = time.time()
    answer = httpx.request(method, service.server.url + path, timeout=60, **options)
    [trace] = service.traces({answer.headers[REQUEST_ID]: 1}, since=since)
    return answer, trace


def run_of(service: Service, trace: Trace) -> Run:
    """The run that the trace leads to; MLflow leads from it to the trace."""
    run = service.reader.client.get_run(trace.info.trace_metadata["mlflow.sourceRun"])
    experiment = [run.info.experiment_id]
    found = service.reader.client.search_traces(locations=experiment, run_id=run.info.run_id, include_spans=False)
    assert [each.info.trace_id for each in found] == [trace.info.trace_id]
    return run


@pytest.fixture(scope="module")
def said(service: Service) -> Trace:
    """The trace of a request that has said all it can, as soon as all of it has arrived."""
    answer, trace = ask(service, "POST", "/everywhere/7")

    def whole() -> Trace | None:
        service.flush()
        found = service.reader.client.get_trace(trace.info.trace_id)
        return found if "background" in found.info.tags and found.info.assessments else None

    assert answer.json() == {"trace_id": trace.info.trace_id}
    return until(whole, seconds=60, waiting_for=lambda: "the background task's tag, and the feedback")


def test_session_and_user_arrive(said: Trace) -> None:
    """From the handler, and from a dependency."""
    metadata = said.info.trace_metadata
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("chat 7", "ada")


def test_tags_arrive_from_everywhere(said: Trace) -> None:
    """A tool, a thread, a dependency's end, a background task after the answer."""
    assert {said.info.tags.get(place) for place in ("tool", "thread", "after the handler", "background")} == {"yes"}


def test_inputs_and_outputs_arrive(said: Trace) -> None:
    """On the root, and as previews in the list of traces."""
    [root] = [span for span in said.data.spans if span.parent_id is None]
    assert (root.inputs, root.outputs) == ({"question": "largest city?"}, {"answer": "Tokyo"})
    assert "largest city?" in (said.info.request_preview or "")
    assert "Tokyo" in (said.info.response_preview or "")


def test_feedback_of_a_trace_that_is_not_there_yet_arrives(said: Trace) -> None:
    """As an assessment, with all that was said in it."""
    [feedback] = said.info.assessments
    assert isinstance(feedback, Feedback)
    assert (feedback.name, feedback.value, feedback.rationale) == ("helpful", True, "it was")
    assert (feedback.source.source_type, feedback.source.source_id) == ("HUMAN", "ada")
    assert (feedback.metadata or {})["page"] == "1"


def test_the_run_has_params_and_metrics(service: Service, said: Trace) -> None:
    """From the handler, a tool and a thread; and how long the caller waited."""
    run = run_of(service, said)
    assert run.info.run_name == "/everywhere/{number} in chat 7"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"number": "7", "dependency": "yes", "searched": "largest city?"}
    assert run.data.metrics["threads"] == 1
    assert run.data.metrics["latency_seconds"] == pytest.approx((said.info.execution_duration or 0) / 1000, abs=0.002)
    assert {"tool": "yes", "http.route": "/everywhere/{number}"}.items() <= run.data.tags.items()


def test_a_request_that_failed_has_a_failed_run(service: Service) -> None:
    """Named by its template, although it has no session."""
    _, trace = ask(service, "GET", "/fails")
    run = run_of(service, trace)
    assert (run.info.status, run.info.run_name) == ("FAILED", "/fails in")


@pytest.fixture(scope="module")
def models(service: Service) -> Trace:
    """The trace of a request in which other instrumentations opened spans."""
    return ask(service, "GET", "/models")[1]


@pytest.mark.parametrize(
    ("convention", "span_type", "inputs", "outputs"),
    [
        (
            "gen_ai",
            "CHAT_MODEL",
            [{"role": "user", "content": "asked"}],
            ANSWER,
        ),
        ("OpenInference", "LLM", {"question": "asked"}, "answered"),
        ("Traceloop", "AGENT", {"question": "asked"}, {"answer": "answered"}),
    ],
)
def test_other_instrumentations_arrive_in_mlflow_s_words(
    models: Trace, convention: str, span_type: str, inputs: Any, outputs: Any
) -> None:
    """Type, inputs and outputs."""
    [span] = [span for span in models.data.spans if span.name == convention]
    assert (span.span_type, span.inputs, span.outputs) == (span_type, inputs, outputs)


def test_their_tokens_are_the_trace_s_and_the_run_s(service: Service, models: Trace) -> None:
    """Of all conventions, added up."""
    expected = {"input_tokens": 21, "output_tokens": 9, "total_tokens": 30}
    assert models.info.token_usage == expected
    assert expected.items() <= run_of(service, models).data.metrics.items()


def test_a_connection_says_things_of_itself_too(service: Service) -> None:
    """`current_trace()` in a WebSocket."""
    since = time.time()
    with connect(service.server.url.replace("http", "ws") + "/socket") as client:
        client.send("hello")
        trace_id = client.recv()

    def arrived() -> Trace | None:
        service.flush()
        found = service.reader.traces(since=since)
        return next((trace for trace in found if trace.info.trace_id == trace_id), None)

    trace = until(arrived, seconds=60, waiting_for=lambda: "the connection's trace")
    assert trace.info.trace_metadata["mlflow.trace.session"] == "chat 8"
    assert trace.info.tags["socket"] == "hello"
    assert run_of(service, trace).info.run_name == "/socket in chat 8"


def test_a_script_of_another_origin_may_read_the_trace_s_id(service: Service) -> None:
    """And what the application lets it read besides."""
    answer = httpx.get(f"{service.server.url}/models", headers={"Origin": "https://page.example"})
    assert answer.headers["access-control-expose-headers"] == f"X-Total, X-MLflow-Trace-Id, {REQUEST_ID}"
    assert answer.headers[TRACE_ID].startswith("tr-")
