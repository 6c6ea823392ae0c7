"""What the tests of the dashboard share: a store that holds the seed, and nobody else's settings."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from tests.faults.conftest import no_foreign_settings, strict_guard
from tests.ops import seed
from tests.servers.mlflow_server import MlflowServer

__all__ = ["no_foreign_settings", "strict_guard"]

EXPERIMENT = "seeded"
SEEDED = seed.mix(160)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database with the seed in it."""
    path = tmp_path_factory.mktemp("ops") / "mlflow.db"
    with warnings.catch_warnings():
        # MLflow's modules warn about their own tables, which is nobody's error here.
        warnings.simplefilter("ignore")
        seed.fill(TrackingStore(f"sqlite:///{path}", experiment_name=EXPERIMENT, experiment_id=None), SEEDED)
    return path


@pytest.fixture(scope="session")
def server(store: Path) -> Iterator[MlflowServer]:
    """A real MLflow server on a copy of the seeded database."""
    folder = store.parent / "server"
    folder.mkdir()
    shutil.copy(store, folder / "mlflow.db")
    running = MlflowServer(folder)
    yield running
    running.stop()
