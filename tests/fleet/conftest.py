"""One way through an agent and a gateway, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.acceptance.service")

from tests.fleet.way import Way, way  # noqa: E402
from tests.servers.mlflow_server import MlflowServer  # noqa: E402


@pytest.fixture(scope="session")
def shapes_way(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """The app of all shapes behind an agent and a gateway."""
    app, folder = "tests.acceptance.shapes.app:served", tmp_path_factory.mktemp("way")
    with way(app, folder, mlflow_server.url, network="127.0.11") as running:
        yield running
