"""A place in which nothing is set and nothing is found, and servers to look at."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import mlflow.tracking._tracking_service.utils
import pytest
from mlflow import MlflowClient

from tests.servers.process import FOREIGN_SETTINGS

with warnings.catch_warnings():
    # MLflow's modules warn about their own type hints and tables as they are imported, which is nobody's error here.
    warnings.simplefilter("ignore")
    import mlflow.langchain.langchain_tracer
    import mlflow.store.tracking.sqlalchemy_store
    from sqlalchemy.orm import configure_mappers

    configure_mappers()

mlflow_service: Any = mlflow.tracking._tracking_service.utils


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is home too, and an environment in which nothing is set but where the spool is."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.setattr(mlflow_service, "_tracking_uri", None)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OTEL_MLFLOW_DELIVERY__SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a local tracking store that has its tables; making them takes seconds."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"
    MlflowClient(uri).search_experiments()
    return uri
