"""One MLflow server for the neighbours, and a clear word where they are not installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.acceptance.service")

from tests.neighbours.folder import INSTALLED  # noqa: E402
from tests.servers.mlflow_server import MlflowServer  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def neighbours_are_installed() -> None:
    """Skip all where there is none."""
    if not INSTALLED.exists():
        pytest.skip("needs the neighbours: run `make neighbours`")


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A real MLflow server, for all tests of this session."""
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    yield server
    server.stop()
