"""Who called: an incoming `traceparent` of every kind, and what it makes of the MLflow trace."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Mapping

import httpx
import pytest
from mlflow.entities import Trace

from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service
from tests.acceptance.shapes.visits import REQUEST_ID, TRACE_ID
from tests.servers.mlflow_server import MlflowServer
from tests.servers.traces import parse, picture, trees

SHAPES = "tests.acceptance.shapes.app:served"
WHOLE = picture([parse("GET /handlers/async > work > query")])
THEIR_TRACE, THEIR_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, NOT_SAMPLED = f"00-{THEIR_TRACE}-{THEIR_SPAN}-01", f"00-{THEIR_TRACE}-{THEIR_SPAN}-00"

MALFORMED = {
    "words": "not a traceparent at all",
    "empty": "",
    "short": "00-0af7651916cd43dd-b7ad6b7169203331-01",
    "zero-trace": f"00-{'0' * 32}-{THEIR_SPAN}-01",
    "zero-span": f"00-{THEIR_TRACE}-{'0' * 16}-01",
    "forbidden-version": f"ff-{THEIR_TRACE}-{THEIR_SPAN}-01",
    "not-hex": f"00-{'g' * 32}-{THEIR_SPAN}-01",
    "no-flags": f"00-{THEIR_TRACE}-{THEIR_SPAN}",
}


KEY = "one key for all services of ours"


def call(service: Service, headers: Mapping[str, str], times: int = 1) -> list[Trace]:
    """Make requests with these headers, all at once; return all traces that they left."""

    async def ask() -> dict[str, str]:
        async with service.client() as client:
            ids = [uuid.uuid4().hex for _ in range(times)]
            asked = [client.get("/handlers/async", headers={**headers, REQUEST_ID: id_}) for id_ in ids]
            answers = await asyncio.gather(*asked)
            return {id_: answer.headers[TRACE_ID] for id_, answer in zip(ids, answers, strict=True)}

    since = time.time()
    told = asyncio.run(ask())
    traces = service.traces(dict.fromkeys(told, 3), since=since)
    assert {trace.info.client_request_id: trace.info.trace_id for trace in traces} == told
    return traces


def assert_complete(trace: Trace) -> None:
    """The trace is one of its own: finished, its HTTP span at the root, nothing missing."""
    assert trace.info.state.value == "OK"
    assert picture(trees(trace.data.spans)) == WHOLE
    assert [span.parent_id for span in trace.data.spans].count(None) == 1


@pytest.mark.parametrize("traceparent", [SAMPLED, NOT_SAMPLED], ids=["sampled", "not-sampled"])
def test_a_caller_unknown_to_mlflow_gets_a_complete_trace_that_leads_to_its_own(
    shapes: Service, traceparent: str
) -> None:
    """Whatever its sampled flag says; the caller's trace id is in a tag, and is not the MLflow trace's id."""
    [trace] = call(shapes, {"traceparent": traceparent, "tracestate": "vendor=value"})
    assert_complete(trace)
    assert trace.info.tags["otel.trace_id"] == THEIR_TRACE
    assert trace.info.trace_id != f"tr-{THEIR_TRACE}"


@pytest.mark.parametrize("traceparent", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_traceparent_is_ignored(shapes: Service, traceparent: str) -> None:
    """The request is traced as if the header were not there."""
    [trace] = call(shapes, {"traceparent": traceparent})
    assert_complete(trace)
    assert trace.info.tags["otel.trace_id"] != THEIR_TRACE


def test_requests_with_one_trace_id_are_a_trace_each(shapes: Service) -> None:
    """A browser page, or a gateway that tries again, sends many requests with one `traceparent`."""
    traces = call(shapes, {"traceparent": SAMPLED}, times=5)
    assert len({trace.info.trace_id for trace in traces}) == 5
    for trace in traces:
        assert_complete(trace)
        assert trace.info.tags["otel.trace_id"] == THEIR_TRACE


@pytest.fixture(scope="module")
def back(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app of all shapes, with a key."""
    folder = tmp_path_factory.mktemp("back")
    service = Service(SHAPES, folder=folder, tracking_uri=mlflow_server.url, environment=with_key(KEY))
    yield service
    service.server.terminate()


def with_key(key: str, **environment: str) -> dict[str, str]:
    """The setting that services of one owner share."""
    return {"OTEL_MLFLOW_TRACING__CALLER_KEY": key, **environment}


def front_of(back: Service, key: str) -> dict[str, str]:
    """The settings of a service with this key that calls the app of all shapes, and traces into its experiment."""
    return with_key(key, OTEL_MLFLOW_EXPERIMENT_NAME=back.reader.experiment, BACK_URL=back.server.url)


@pytest.fixture(scope="module")
def front(back: Service, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that calls the app of all shapes, with the same key."""
    folder = tmp_path_factory.mktemp("front")
    app = "tests.acceptance.apps.front:served"
    service = Service(app, folder=folder, tracking_uri=mlflow_server.url, environment=front_of(back, KEY))
    yield service
    service.server.terminate()


def ask_front(front: Service, times: int, **headers: str) -> dict[str, str]:
    """Ask the front service, all at once; return the trace id that the back service told it, by the front's own."""

    async def ask() -> list[httpx.Response]:
        async with front.client() as client:
            return await asyncio.gather(*(client.get("/front/handlers", headers=headers) for _ in range(times)))

    answers = asyncio.run(ask())
    return {answer.headers[TRACE_ID]: answer.raise_for_status().json() for answer in answers}


def traces_of_both(front: Service, back: Service, since: float) -> list[Trace]:
    """All traces that began since then, everything delivered."""
    front.flush()
    back.flush()
    return back.reader.traces(since=since)


@pytest.mark.parametrize("headers", [{}, {"traceparent": NOT_SAMPLED}], ids=["no-caller", "behind-a-gateway"])
def test_two_services_with_one_key_leave_one_tree(front: Service, back: Service, headers: dict[str, str]) -> None:
    """The called service's spans are under the calling service's span, in its trace; twenty at once do not mix."""
    since = time.time()
    told = ask_front(front, 20, **headers)
    traces = traces_of_both(front, back, since)
    assert {trace.info.trace_id for trace in traces} == set(told) == set(told.values())
    assert len(told) == 20
    whole = picture([parse("GET /front/{page} > call > GET /handlers/async > work > query")])
    assert [picture(trees(trace.data.spans)) for trace in traces] == [whole] * 20
    assert {trace.info.state.value for trace in traces} == {"OK"}


@pytest.mark.parametrize("key", ["another key than theirs is", ""], ids=["two-keys", "one-key"])
def test_two_services_without_a_common_key_leave_two_whole_traces(serve: Serve, back: Service, key: str) -> None:
    """Nobody joins; the called service's trace leads to the caller's."""
    front = serve(
        "tests.acceptance.apps.front:served",
        environment=front_of(back, key)
        if key
        else {name: value for name, value in front_of(back, KEY).items() if not name.endswith("CALLER_KEY")},
    )
    since = time.time()
    told = ask_front(front, 3)
    traces = traces_of_both(front, back, since)
    assert len(told) == 3
    pictures = sorted(picture(trees(trace.data.spans)) for trace in traces)
    assert pictures == sorted([picture([parse("GET /front/{page} > call")]), WHOLE] * 3)
    assert {trace.info.state.value for trace in traces} == {"OK"}


def test_nobody_forges_a_way_into_a_trace_or_out_of_being_traced(back: Service, front: Service) -> None:
    """With the id of another request's trace, an invented one, or a signature that was seen for another span."""
    [victim] = call(back, {})
    signed = of_a_caller_that_traces_into_mlflow(front)["tracestate"]
    victims = victim.info.trace_id.removeprefix("tr-")
    forged = [
        f"otelmlflow={victims}-{victim.data.spans[0].span_id}",
        f"otelmlflow={'e' * 32}-{THEIR_SPAN}",
        signed.replace(signed[len("otelmlflow=") :][:32], victims),
    ]
    for state in forged:
        for traceparent in (SAMPLED, NOT_SAMPLED):
            [trace] = call(back, {"traceparent": traceparent, "tracestate": state})
            assert_complete(trace)
            assert trace.info.trace_id != victim.info.trace_id
    assert all(trace.info.state.value == "OK" for trace in back.reader.traces(since=victim.info.request_time / 1000))


def of_a_caller_that_traces_into_mlflow(front: Service) -> Mapping[str, str]:
    """The headers that our propagator puts on an outgoing call."""
    headers: dict[str, str] = front.get("/headers").json()
    return headers


def test_link_makes_a_new_trace_that_links_to_the_caller(serve: Serve, front: Service) -> None:
    """`tracing.incoming: link`: the HTTP span is a root, and links to the span that called, whoever that was."""
    service = serve(SHAPES, environment={"OTEL_MLFLOW_TRACING__INCOMING": "link"})
    for headers in ({"traceparent": SAMPLED}, of_a_caller_that_traces_into_mlflow(front)):
        [trace] = call(service, headers)
        assert_complete(trace)
        _, their_trace, their_span, _ = headers["traceparent"].split("-")
        assert links(trace) == [(their_trace, their_span)]
        assert trace.info.tags["otel.trace_id"] != their_trace


def test_ignore_makes_a_new_trace_that_knows_nothing_of_the_caller(serve: Serve, front: Service) -> None:
    """`tracing.incoming: ignore`: no parent, no link, also where the caller traces into MLflow."""
    service = serve(SHAPES, environment={"OTEL_MLFLOW_TRACING__INCOMING": "ignore"})
    for headers in ({"traceparent": NOT_SAMPLED}, of_a_caller_that_traces_into_mlflow(front)):
        [trace] = call(service, headers)
        assert_complete(trace)
        assert links(trace) == []
        assert trace.info.tags["otel.trace_id"] not in headers["traceparent"]


def links(trace: Trace) -> list[tuple[str, str]]:
    """Trace and span that the root links to."""
    [root] = [span for span in trace.data.spans if span.parent_id is None]
    return [(link.trace_id.removeprefix("tr-"), link.span_id) for link in root.links]
