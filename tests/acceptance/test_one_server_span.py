"""One SERVER span and one trace per request, whatever else instruments the app, on every framework and FastAPI."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from mlflow.entities import Trace

from tests.acceptance.service import Service, check, described, expected
from tests.acceptance.shapes.family import Shape
from tests.acceptance.shapes.visits import REQUEST_ID
from tests.servers.mlflow_server import MlflowServer

ARRANGEMENTS = "tests.acceptance.apps.arrangements:served"
THEIR_TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED, NOT_SAMPLED = (f"00-{THEIR_TRACE}-b7ad6b7169203331-{flag}" for flag in ("01", "00"))

NO_AUTOLOGGING = {"OTEL_MLFLOW_TRACING__AUTOLOG": "[]"}  # a second of imports for each process here

PLAIN = Shape("GET > work > query", "/items/3")
ITEM = Shape("GET /items/{item} > work > query", "/items/3")
MOUNTED = Shape("GET /mounted/items/{item} > work > query", "/mounted/items/3")

ALONE = {
    "instrument_alone": ITEM,
    "instrument_twice": ITEM,
    "middleware_added": ITEM,
    "wrapped": ITEM,
    "mounted_in_starlette": MOUNTED,
    "starlette_instrumented": ITEM,
    "starlette_middleware_added": ITEM,
    "starlette_wrapped": ITEM,
    "plain_wrapped": PLAIN,
}
BESIDE_ANOTHER = {
    "user_provider_before": ITEM,
    "user_provider_passed": ITEM,
    "opentelemetry_before": ITEM,
    "opentelemetry_after": ITEM,
    "opentelemetry_for_every_app": ITEM,
    "opentelemetry_outside": ITEM,
    "opentelemetry_inside": ITEM,
    "opentelemetry_on_mounted": MOUNTED,
    "mounted_alone": MOUNTED,
    "both_mounted": MOUNTED,
    "plain_in_both": PLAIN,
}
OF_FASTAPI = ("instrument_alone", "middleware_added", "wrapped", "mounted_in_starlette")
ALWAYS_ON_THE_OLDEST = ("instrument_alone", "mounted_in_starlette", "opentelemetry_before", "both_mounted")
"""Where versions of FastAPI differ most; the rest of the oldest is left to the soak: each takes a process."""


class Case(NamedTuple):
    """How the app is put together, on which FastAPI, and what a request to it must leave."""

    arrangement: str
    fastapi: str
    shape: Shape

    def __str__(self) -> str:
        return f"{self.arrangement}-{self.fastapi}"


CASES_ALONE = [Case(name, "newest", shape) for name, shape in ALONE.items()]
CASES_ALONE += [Case(name, "oldest", ALONE[name]) for name in OF_FASTAPI]
CASES_BESIDE = [Case(name, age, shape) for name, shape in BESIDE_ANOTHER.items() for age in ("newest", "oldest")]


def as_parameter(case: Case) -> Any:
    """The case, in the soak alone where it is one of many on the oldest FastAPI."""
    is_left_out = case.fastapi == "oldest" and case.arrangement not in ALWAYS_ON_THE_OLDEST
    return pytest.param(case, id=str(case), marks=pytest.mark.soak if is_left_out else ())


class Arranged(NamedTuple):
    """The running app, and what a request to it must leave."""

    service: Service
    shape: Shape


@pytest.fixture(scope="module")
def arranged(
    request: pytest.FixtureRequest,
    mlflow_server: MlflowServer,
    tmp_path_factory: pytest.TempPathFactory,
    oldest_fastapi: Path,
) -> Iterator[Arranged]:
    """One case's app."""
    case: Case = request.param
    service = Service(
        ARRANGEMENTS,
        folder=tmp_path_factory.mktemp("arranged"),
        tracking_uri=mlflow_server.url,
        environment={"ARRANGEMENT": case.arrangement} | NO_AUTOLOGGING,
        import_first=oldest_fastapi if case.fastapi == "oldest" else None,
    )
    yield Arranged(service, case.shape)
    service.server.terminate()


alone = pytest.mark.parametrize("arranged", list(map(as_parameter, CASES_ALONE)), indirect=True)
beside_another = pytest.mark.parametrize("arranged", list(map(as_parameter, CASES_BESIDE)), indirect=True)


@alone
def test_one_trace_on_every_framework_however_installed(arranged: Arranged) -> None:
    """FastAPI, Starlette and a plain callable; by instrument(), by add_middleware(), wrapped from outside."""
    check(arranged.service, [arranged.shape] * 2)


@beside_another
def test_one_trace_beside_other_instrumentation(arranged: Arranged) -> None:
    """FastAPI's own telemetry and OpenTelemetry's instrumentation make no second trace and no second HTTP span."""
    check(arranged.service, [arranged.shape] * 2)


@beside_another
def test_the_users_exporter_gets_every_span_and_one_server_span(arranged: Arranged) -> None:
    """What the user exports elsewhere is whole, and in the trace that the MLflow trace leads to."""
    trace, exported = ask(arranged, {})
    assert {span["trace_id"] for span in exported} == {trace.info.tags["otel.trace_id"]}
    assert {"work", "query"} <= {span["name"] for span in exported}
    assert [span["kind"] for span in exported].count("SERVER") == 1


@beside_another
def test_the_callers_trace_is_continued_for_the_users_exporter(arranged: Arranged) -> None:
    """In OpenTelemetry the request belongs to the caller's trace; in MLflow it is a trace of its own."""
    trace, exported = ask(arranged, {"traceparent": SAMPLED})
    assert {span["trace_id"] for span in exported} == {trace.info.tags["otel.trace_id"]} == {THEIR_TRACE}
    assert [span["kind"] for span in exported].count("SERVER") == 1


@beside_another
def test_a_caller_that_does_not_sample_hides_nothing_from_mlflow(arranged: Arranged) -> None:
    """Also where other instrumentation goes by the caller's flag, as OpenTelemetry's default sampler does."""
    trace, _ = ask(arranged, {"traceparent": NOT_SAMPLED})
    assert trace.info.tags["otel.trace_id"] == THEIR_TRACE


def ask(arranged: Arranged, headers: Mapping[str, str]) -> tuple[Trace, list[dict[str, Any]]]:
    """Make one request; return the only trace that it left, which is whole, and what the user's exporter got."""
    service, shape = arranged
    since, request_id = time.time(), uuid.uuid4().hex
    httpx.post(f"{service.server.url}/control/forget").raise_for_status()
    service.get(shape.url, headers={**headers, REQUEST_ID: request_id})
    [trace] = service.traces({request_id: 3}, since=since)
    assert described(trace) == expected(shape)
    return trace, service.get("/control/exported").json()
