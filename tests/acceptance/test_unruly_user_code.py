"""User code calls `mlflow.set_tracking_uri`, `mlflow.set_experiment`, `set_tracer_provider` whenever it likes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service, check
from tests.acceptance.shapes.family import Shape
from tests.servers.mlflow_server import MlflowServer

UNRULY = "tests.acceptance.apps.unruly:served"
QUIET = Shape("GET /quiet > work > query", "/quiet")
TREE = "GET /meanwhile/{deed} > [work > query > more work > query, work > query]"
DEEDS = ("set_tracking_uri", "set_experiment", "set_tracer_provider", "set_everything")


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app, whose requests are unruly."""
    folder = tmp_path_factory.mktemp("unruly")
    service = Service(UNRULY, folder=folder, tracking_uri=mlflow_server.url, environment={"UNRULY": "in requests"})
    yield service
    service.server.terminate()


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_set_around_instrument_changes_no_trace(serve: Serve, when: str) -> None:
    """Set before or after `instrument()`: traces are whole, and where the settings want them."""
    check(serve(UNRULY, environment={"UNRULY": when}), [QUIET] * 3)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_set_in_the_middle_of_a_request_changes_no_trace(service: Service, deed: str) -> None:
    """With spans open, in one request among others; and the requests after it are whole too."""
    check(service, [Shape(TREE, f"/meanwhile/{deed}"), QUIET, QUIET])
    check(service, [QUIET] * 3)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_set_between_requests_changes_no_trace(service: Service, deed: str) -> None:
    """Set by a request that does nothing else; the next requests are whole."""
    check(service, [Shape("GET /do/{deed}", f"/do/{deed}")])
    check(service, [QUIET] * 3)
