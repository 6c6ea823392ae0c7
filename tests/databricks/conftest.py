"""A workspace for each test, and an environment in which nothing else is configured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from otel_mlflow.guard import GUARD
from tests.servers.process import FOREIGN_SETTINGS
from tests.servers.workspace import Workspace


@pytest.fixture(autouse=True)
def strict_guard() -> Iterator[None]:
    """Let what goes wrong in our threads fail the test."""
    GUARD.strict = True
    yield
    GUARD.strict = False


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither the environment nor a home folder say where to go, and as whom."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_SETTINGS):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace that works."""
    with Workspace() as workspace:
        yield workspace


@pytest.fixture
def as_user(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace, with a personal access token for it in the environment."""
    for name, value in workspace.environment.items():
        monkeypatch.setenv(name, value)
    return workspace


@pytest.fixture
def client(as_user: Workspace) -> MlflowClient:
    """MLflow's own client of the workspace."""
    return MlflowClient("databricks")
