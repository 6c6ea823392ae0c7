"""What the acceptance tests share: one app that holds every shape."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.acceptance.service")  # its comparisons are this suite's verdict

from tests.acceptance.service import Service  # noqa: E402
from tests.servers.mlflow_server import MlflowServer  # noqa: E402

Serve = Callable[..., Service]


@pytest.fixture(scope="session")
def shapes(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app of all shapes, instrumented, in one uvicorn process for all tests of this session."""
    folder = tmp_path_factory.mktemp("shapes")
    service = Service("tests.acceptance.shapes.app:served", folder=folder, tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


@pytest.fixture(scope="session")
def oldest_fastapi() -> Path:
    """The folder with the oldest supported FastAPI, to be imported before the installed one."""
    folder = Path(sys.prefix) / "oldest-fastapi"
    if not folder.exists():
        pytest.skip("needs the oldest FastAPI beside the newest, as `make test` installs it")
    return folder


@pytest.fixture
def serve(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[Serve]:
    """Start another app, by `module:app`, for one test; it is stopped when the test is over."""
    with ExitStack() as stopped:

        def start(app: str, **options: Any) -> Service:
            folder = tmp_path / f"app-{len(list(tmp_path.iterdir()))}"
            service = Service(app, folder=folder, tracking_uri=mlflow_server.url, **options)
            stopped.callback(service.server.terminate)
            return service

        yield start
