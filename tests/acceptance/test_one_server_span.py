"""One SERVER span and one trace per request, whatever else instruments the app, on every framework and FastAPI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service, check
from tests.acceptance.shapes.family import Shape

ARRANGEMENTS = "tests.acceptance.apps.arrangements:served"
PLAIN = Shape("GET > work > query", "/items/3")
ITEM = Shape("GET /items/{item} > work > query", "/items/3")
MOUNTED = Shape("GET /mounted/items/{item} > work > query", "/mounted/items/3")

OURS_ALONE = {
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
WITH_ANOTHER = {
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


@pytest.mark.parametrize("arrangement", OURS_ALONE)
def test_one_trace_on_every_framework_however_installed(serve: Serve, arrangement: str) -> None:
    """FastAPI, Starlette and a plain callable; by instrument(), by add_middleware(), wrapped from outside."""
    check(serve(ARRANGEMENTS, environment={"ARRANGEMENT": arrangement}), [OURS_ALONE[arrangement]] * 2)


@pytest.mark.parametrize("arrangement", WITH_ANOTHER)
def test_one_server_span_beside_other_instrumentation(serve: Serve, arrangement: str) -> None:
    """FastAPI's own telemetry and OpenTelemetry's instrumentation: one span, one trace, and theirs get all spans."""
    service = serve(ARRANGEMENTS, environment={"ARRANGEMENT": arrangement})
    check(service, [WITH_ANOTHER[arrangement]] * 2)
    assert_exporter_has_all(service, requests=2)


@pytest.mark.parametrize("arrangement", [*OURS_ALONE, *WITH_ANOTHER])
def test_it_holds_on_the_oldest_supported_fastapi(serve: Serve, oldest_fastapi: Path, arrangement: str) -> None:
    """FastAPI 0.115.0 and the Starlette of its day."""
    service = serve(ARRANGEMENTS, environment={"ARRANGEMENT": arrangement}, import_first=oldest_fastapi)
    check(service, [(OURS_ALONE | WITH_ANOTHER)[arrangement]] * 2)
    if arrangement in WITH_ANOTHER:
        assert_exporter_has_all(service, requests=2)


def assert_exporter_has_all(service: Service, *, requests: int) -> None:
    """The user's own exporter has been given every span; one of each request's is of kind SERVER."""
    spans = service.get("/control/exported").json()
    assert [span["name"] for span in spans].count("work") == requests
    assert [span["name"] for span in spans].count("query") == requests
    servers = [span for span in spans if span["kind"] == "SERVER"]
    assert len(servers) == requests, servers
    assert len({span["trace_id"] for span in spans}) == requests
