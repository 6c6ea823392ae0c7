"""Databricks without tables, or without a warehouse: it is said what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow import Settings
from otel_mlflow.delivery.destinations import destination_for
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources import source_for
from tests.ops import seed
from tests.servers.workspace import USER, Workspace


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace, and credentials for it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with Workspace() as workspace:
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace


def settings(name: str, **tables: str) -> Settings:
    """Settings for an experiment of that name."""
    return Settings(tracking_uri="databricks", experiment_name=f"/Users/{USER}/{name}", unity_catalog=tables)


def test_without_a_warehouse(workspace: Workspace) -> None:
    """Nobody could count."""
    with pytest.raises(MisconfigurationError, match=r"set unity_catalog\.sql_warehouse_id"):
        source_for(settings("any")).summary(question_of({}, seed.END))


def test_a_classic_experiment(workspace: Workspace) -> None:
    """Its traces are files."""
    destination = destination_for(settings("classic"))
    destination.open()
    destination.close()
    with pytest.raises(MisconfigurationError, match="as files, which nobody can count in"):
        source_for(settings("classic", sql_warehouse_id="a-warehouse")).summary(question_of({}, seed.END))


def test_an_experiment_that_is_not_there_yet(workspace: Workspace) -> None:
    """Before the first trace."""
    with pytest.raises(MisconfigurationError, match="has no experiment"):
        source_for(settings("none", sql_warehouse_id="a-warehouse")).summary(question_of({}, seed.END))
