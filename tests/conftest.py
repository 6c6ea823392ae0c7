"""What every test may lean on: an event loop, real servers, and no quiet skips where everything is installed."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.servers.mlflow_server import MlflowServer
    from tests.servers.scripted import ScriptedMlflow

REQUIRE_ALL = "REQUIRE_ALL_TESTS"

# No test is about time: a machine that has much else to do is none of its faults.
settings.register_profile("untimed", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Not for the imports, which leave little garbage and half a million objects that live on: see `pytest_collection`.
gc.disable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every `@pytest.mark.anyio` test on asyncio, the loop that uvicorn runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A real MLflow server on SQLite, for all tests of this session; each has experiments of its own in it."""
    from tests.servers.mlflow_server import MlflowServer

    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    yield server
    server.stop()


@pytest.fixture
def scripted() -> Iterator[ScriptedMlflow]:
    """A server that takes traces, or misbehaves as told."""
    from tests.servers.scripted import ScriptedMlflow

    with ScriptedMlflow() as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the tests that ask for a full garbage collection the way through all that was imported for them."""
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL_TESTS, a test skipped because it "needs" something has failed."""
    report = yield
    refuse_skip_for_want(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    refuse_skip_for_want(report)
    return report


def refuse_skip_for_want(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip whose reason begins with "needs" into a failure where everything must be there."""
    if not (os.environ.get(REQUIRE_ALL) and report.skipped and isinstance(report.longrepr, tuple)):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if reason.startswith("needs "):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_ALL} is set, and this was skipped because it {reason}"
