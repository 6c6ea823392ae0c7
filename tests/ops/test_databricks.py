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
from otel_mlflow.ops.summary import Disclosure
from tests.ops import expected, seed
from tests.ops.comparing import close
from tests.ops.conftest import SEEDED
from tests.servers.workspace import USER, Workspace


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace, and credentials for it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OTEL_MLFLOW_DELIVERY__SPOOL_DIR", str(tmp_path / "spool"))
    with Workspace() as workspace:
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace


def settings(name: str, **tables: str) -> Settings:
    """Settings for an experiment of that name."""
    return Settings(tracking_uri="databricks", experiment_name=f"/Users/{USER}/{name}", unity_catalog=tables)


def test_without_a_warehouse(workspace: Workspace) -> None:
    """Nobody could count in tables."""
    with pytest.raises(MisconfigurationError, match=r"set unity_catalog\.sql_warehouse_id"):
        source_for(settings("any", catalog="main", schema="default")).summary(question_of({}, seed.END))


def test_a_classic_experiment_is_counted_from_its_infos(workspace: Workspace) -> None:
    """Its spans are files: what traces used is read from their tags alone."""
    destination = destination_for(settings("classic"))
    seed.fill(destination, SEEDED)
    found = source_for(settings("classic")).summary(question_of({"window": "24h"}, seed.END)).to_dict(Disclosure())
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    wanted = expected.figures(SEEDED, start, end, found["window"]["step_seconds"] * 1000)
    for name in ("routes", "statuses", "services"):
        assert found[name] == close(wanted[name])
    counts = ("requests", "errors", "cancelled", "users", "sessions")
    assert {name: found["totals"][name] for name in counts} == {name: wanted["totals"][name] for name in counts}
    assert {each["figure"] for each in found["missing"]} == {"totals"}
    assert found["slowest"][0]["url"].startswith(f"{workspace.url}/ml/experiments/")


def test_an_experiment_that_is_not_there_yet(workspace: Workspace) -> None:
    """Before the first trace."""
    with pytest.raises(MisconfigurationError, match="has no experiment"):
        source_for(settings("none")).summary(question_of({}, seed.END))
