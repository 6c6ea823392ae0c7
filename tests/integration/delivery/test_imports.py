"""What delivery needs is imported before the first request: a request that imports the same would find it half done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.servers.process import clean_environment
from tests.servers.workspace import Workspace

ROOT = Path(__file__).parents[3]


@contextmanager
def local_store(folder: Path) -> Iterator[dict[str, str]]:
    """A database that is not there yet."""
    yield {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}


@contextmanager
def workspace(folder: Path) -> Iterator[dict[str, str]]:
    """A Databricks workspace, as a service principal."""
    with Workspace() as started:
        yield started.machine_environment


@pytest.mark.parametrize("backend", [local_store, workspace])
def test_our_threads_import_nothing(
    tmp_path: Path, backend: Callable[[Path], AbstractContextManager[dict[str, str]]]
) -> None:
    """Of other packages', from the first request to its last delivery."""
    with backend(tmp_path) as environment:
        own = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.integration.delivery.importing"],
            cwd=tmp_path,
            env=clean_environment(
                {**own, **environment, "OTEL_MLFLOW_EXPERIMENT_NAME": "/Users/ada@example.com/agent"}
            ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.stdout.splitlines() == ["all there", "imported: []"], done.stderr


def test_what_our_imports_warn_of_stops_no_application(tmp_path: Path) -> None:
    """Where warnings are errors, too: MLflow's own modules warn as they are imported."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
    }
    program = (
        "import otel_mlflow; from fastapi import FastAPI; app = FastAPI(); tracing = otel_mlflow.instrument(app); "
        "from tests.unit.asgi_calls import Call; Call(app).run(); print(tracing.flush(60)); tracing.shutdown()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr
