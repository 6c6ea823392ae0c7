"""What a trace tells of its request: tags, inputs, outputs, ids, session and user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mlflow.entities import Span, Trace

from tests.acceptance.service import Service
from tests.acceptance.shapes.visits import REQUEST_ID, TRACE_ID
from tests.servers.mlflow_server import MlflowServer


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app, in one process."""
    folder = tmp_path_factory.mktemp("metadata")
    inside_databricks_apps = {"DATABRICKS_APP_NAME": "shop"}
    service = Service(
        "tests.acceptance.apps.facts:served",
        folder=folder,
        tracking_uri=mlflow_server.url,
        environment=inside_databricks_apps,
    )
    yield service
    service.server.terminate()


def ask(service: Service, method: str, path: str, **options: Any) -> tuple[httpx.Response, Trace]:
    """Make a request; return its answer and the only trace that it left."""
    since = time.time()
    answer = httpx.request(method, service.server.url + path, **options)
    [trace] = service.traces({answer.headers[REQUEST_ID]: 1}, since=since)
    assert trace.info.trace_id == answer.headers[TRACE_ID]
    return answer, trace


def root(trace: Trace) -> Span:
    """The HTTP span."""
    [found] = [span for span in trace.data.spans if span.parent_id is None]
    return found


def test_tags_tell_route_method_status_service_and_opentelemetry_trace(service: Service) -> None:
    """What one filters traces by."""
    _, trace = ask(service, "GET", "/query/3?verbose=true")
    told = {
        "http.route": "/query/{number}",
        "http.method": "GET",
        "http.status_code": "200",
        "service.name": "metadata",
    }
    assert {name: trace.info.tags.get(name) for name in told} == told
    assert len(trace.info.tags["otel.trace_id"]) == 32


def test_the_http_span_has_semantic_convention_attributes(service: Service) -> None:
    """The stable names of OpenTelemetry's HTTP conventions."""
    _, trace = ask(service, "GET", "/query/3?verbose=true")
    attributes = root(trace).attributes
    assert attributes["http.request.method"] == "GET"
    assert attributes["http.route"] == "/query/{number}"
    assert int(attributes["http.response.status_code"]) == 200
    assert attributes["url.path"] == "/query/3"
    assert attributes["url.scheme"] == "http"


def test_a_json_body_is_the_input_and_a_json_answer_the_output(service: Service) -> None:
    """As JSON, not as text."""
    answer, trace = ask(service, "POST", "/json/7", json={"question": ["?"]})
    assert root(trace).inputs == {"question": ["?"]}
    assert root(trace).outputs == answer.json() == {"number": 7, "answer": {"question": ["?"]}}


def test_without_a_body_query_and_path_are_the_input(service: Service) -> None:
    """What the caller said with the address."""
    _, trace = ask(service, "GET", "/query/3?verbose=true")
    inputs = root(trace).inputs
    assert inputs["query"] == {"verbose": "true"}
    assert {name: str(value) for name, value in inputs["path_params"].items()} == {"number": "3"}


def test_text_is_recorded_as_text(service: Service) -> None:
    """In and out."""
    _, trace = ask(service, "POST", "/text", content="héllo", headers={"content-type": "text/plain; charset=utf-8"})
    assert (root(trace).inputs, root(trace).outputs) == ("héllo", "HÉLLO")


def test_of_binary_content_type_and_size_are_recorded(service: Service) -> None:
    """And nothing of the content."""
    content = bytes(range(256)) * 4
    _, trace = ask(service, "POST", "/binary", content=content, headers={"content-type": "application/octet-stream"})
    for recorded in (root(trace).inputs, root(trace).outputs):
        assert "application/octet-stream" in str(recorded)
        assert "1024" in str(recorded)


def test_events_are_recorded_as_the_list_of_their_data(service: Service) -> None:
    """Not as the text that carries them."""
    _, trace = ask(service, "GET", "/events")
    assert root(trace).outputs == [{"step": 1}, "two lines\nof text"]
    assert float(root(trace).attributes["otel_mlflow.time_to_first_byte_ms"]) >= 0


def test_a_request_id_is_taken_over_or_made_up(service: Service) -> None:
    """The answer's header and the trace name the same id."""
    answer, trace = ask(service, "GET", "/query/3?verbose=true", headers={REQUEST_ID: "from the caller"})
    assert answer.headers[REQUEST_ID] == trace.info.client_request_id == "from the caller"
    made_up, trace = ask(service, "GET", "/query/3?verbose=true")
    assert made_up.headers[REQUEST_ID] == trace.info.tags["request_id"]
    assert not trace.info.client_request_id


def test_what_the_handler_sets_by_hand_wins(service: Service) -> None:
    """Through `current_trace()` and through MLflow's fluent API."""
    answer, trace = ask(service, "GET", "/user")
    assert answer.json() == trace.info.trace_id
    assert trace.info.trace_metadata["mlflow.trace.user"] == "ada"
    assert trace.info.trace_metadata["mlflow.trace.session"] == "session 7"
    assert (trace.info.tags["team"], trace.info.tags["fluent"]) == ("blue", "yes")
    assert (root(trace).inputs, root(trace).outputs) == ({"asked": "by hand"}, {"answered": "by hand"})


def test_the_user_of_databricks_apps_is_the_traces_user(service: Service) -> None:
    """From the header that the platform's proxy adds."""
    _, trace = ask(service, "GET", "/query/3?verbose=true", headers={"X-Forwarded-Email": "ada@example.com"})
    assert trace.info.trace_metadata["mlflow.trace.user"] == "ada@example.com"
