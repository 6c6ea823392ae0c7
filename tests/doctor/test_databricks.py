"""The doctor at a Databricks workspace: the right one, as the right identity, or a clear word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.delivery.clock import SYSTEM_CLOCK
from otel_mlflow.delivery.destinations import destination_key, resolve_defaults
from otel_mlflow.delivery.records import Tally
from otel_mlflow.delivery.storage import Storage
from otel_mlflow.diagnosis.checks.experiment import NEARLY_FULL
from otel_mlflow.diagnosis.doctor import CHECKS
from otel_mlflow.settings import Settings
from tests.doctor.examining import REPOSITORY, examined, not_ok, not_tried
from tests.servers.workspace import TOKEN, USER, Fault, Workspace
from tests.servers.workspace.grants import Grants

EXPERIMENT = f"/Users/{USER}/agents/shop"
TABLES = {"catalog": "main", "schema": "default", "table_prefix": "shop", "sql_warehouse_id": "w"}
MANUAL = (REPOSITORY / "docs" / "doctor.md").read_text(encoding="utf-8")
SPANS_TABLE = "main.default.shop_otel_spans"


@pytest.fixture
def grants() -> Grants:
    """What may be done with the workspace's tables."""
    return Grants()


@pytest.fixture
def workspace(grants: Grants, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace that works, with a personal access token for it in the environment."""
    with Workspace(grants) as workspace:
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace


def settings(**more: Any) -> Settings:
    """Settings for one experiment in it."""
    return Settings(experiment_name=EXPERIMENT, **more)


def test_all_is_well_with_a_classic_experiment(workspace: Workspace) -> None:
    """Every check is made; experiment and folder are made, and no trace is left."""
    checks = examined(settings())
    assert list(checks) == [each.name for each in CHECKS if each.only_for in ("", "databricks")]
    assert not_ok(checks) == {}
    assert not_tried(checks) == set()
    assert f"{workspace.url} is used (from environment DATABRICKS_HOST)" in checks["workspace"].detail
    assert "credentials from environment DATABRICKS_TOKEN (pat)" in checks["workspace"].detail
    assert f"as {USER}" in checks["credentials"].detail
    assert EXPERIMENT in checks["experiment"].detail
    assert workspace.traces.infos == {}
    assert TOKEN not in str(checks)


def test_all_is_well_with_a_service_principal(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Databricks Apps have it."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    for name, value in workspace.machine_environment.items():
        monkeypatch.setenv(name, value)
    checks = examined(Settings(experiment_name="/Shared/shop"))
    assert not_ok(checks) == {}
    assert "oauth-m2m" in checks["credentials"].detail
    assert workspace.machine_environment["DATABRICKS_CLIENT_ID"] in checks["credentials"].detail
    assert workspace.machine_environment["DATABRICKS_CLIENT_SECRET"] not in str(checks)


def test_all_is_well_with_unity_catalog(workspace: Workspace) -> None:
    """The trace stays in its table, which is said."""
    checks = examined(settings(unity_catalog=TABLES))
    assert not_ok(checks) == {}
    assert SPANS_TABLE in checks["unity_catalog"].detail
    assert "none is needed" in checks["artifact_storage"].detail
    assert SPANS_TABLE in checks["test_trace"].detail
    assert len(workspace.catalog.spans[SPANS_TABLE]) == 2


def brought(given: Settings, traces: int) -> None:
    """Have the spool say that so many traces were delivered."""
    folder = given.delivery.spool_dir
    destination = destination_key(resolve_defaults(given))
    storage = Storage(folder, destination=destination, max_bytes=1 << 20, clock=SYSTEM_CLOCK)
    with storage.using() as spool:
        spool.add([], [], Tally(requests=traces, traced=traces, delivered=traces), 0)
    storage.close()


def test_a_classic_experiment_that_is_nearly_full(workspace: Workspace) -> None:
    """A warning, while there is time to move."""
    brought(settings(), NEARLY_FULL)
    checks = examined(settings())
    assert not_ok(checks) == {"experiment": "warn"}
    assert "has brought it 90000 traces" in checks["experiment"].detail
    assert "unity_catalog" in checks["experiment"].fix


def test_unity_catalog_is_never_full(workspace: Workspace) -> None:
    """The limit is that of classic experiments."""
    with_tables = settings(unity_catalog=TABLES)
    brought(with_tables, NEARLY_FULL)
    assert not_ok(examined(with_tables)) == {}


def test_no_credentials_at_all(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be set is said."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.delenv("DATABRICKS_HOST")
    checks = examined(settings())
    assert not_ok(checks) == {"workspace": "fail"}
    assert "DATABRICKS_TOKEN" in checks["workspace"].fix
    assert {"host", "credentials", "experiment", "test_trace"} < not_tried(checks)


def test_a_token_that_is_rejected(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has expired, say."""
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-expired")
    checks = examined(settings())
    assert not_ok(checks) == {"credentials": "fail"}
    assert "environment DATABRICKS_TOKEN" in checks["credentials"].detail
    assert "dapi-expired" not in str(checks)


def test_a_host_that_is_no_workspace(workspace: Workspace) -> None:
    """Something in front of it, or somebody else."""
    workspace.api.faults.add("/.well-known/", Fault(status=404))
    checks = examined(settings())
    assert not_ok(checks) == {"host": "warn"}
    assert workspace.url in checks["host"].detail


def test_a_workspace_that_cannot_be_reached(workspace: Workspace) -> None:
    """Which one it would be is known all the same."""
    workspace.api.refuse()
    checks = examined(settings())
    assert not_ok(checks) == {"host": "fail"}
    assert workspace.url in checks["workspace"].detail


def test_a_workspace_that_cannot_be_reached_for_a_token(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the host that is named, whatever databricks-sdk makes of it."""
    monkeypatch.delenv("DATABRICKS_TOKEN")
    for name, value in workspace.machine_environment.items():
        monkeypatch.setenv(name, value)
    workspace.api.refuse()
    checks = examined(settings())
    assert not_ok(checks) == {"workspace": "fail"}
    assert f"{workspace.url} does not answer" in checks["workspace"].detail


def test_a_folder_in_which_nothing_may_be_made(workspace: Workspace) -> None:
    """Who may not is said."""
    workspace.api.faults.add("/experiments/create", Fault(403, "PERMISSION_DENIED", "no"))
    checks = examined(settings())
    assert not_ok(checks) == {"experiment": "fail"}
    assert USER in checks["experiment"].detail
    assert "grant" in checks["experiment"].fix


def test_artifact_storage_that_cannot_be_reached(workspace: Workspace) -> None:
    """The host to allow is named, and Unity Catalog as the way round."""
    workspace.storage_server.refuse()
    checks = examined(settings())
    assert not_ok(checks) == {"artifact_storage": "fail"}
    assert not_tried(checks) == {"test_trace"}
    assert workspace.storage.url in checks["artifact_storage"].detail
    assert "Unity Catalog" in checks["artifact_storage"].fix
    assert workspace.storage.signature not in str(checks)
    assert workspace.traces.infos == {}, "the trace without spans is deleted"


def test_traces_that_are_not_permitted(workspace: Workspace) -> None:
    """It is not the storage's fault."""
    workspace.api.faults.add("/api/3.0/mlflow/traces$", Fault(403, "PERMISSION_DENIED", "ada may only look"))
    checks = examined(settings())
    assert not_ok(checks) == {"artifact_storage": "warn", "test_trace": "fail"}
    assert "ada may only look" in checks["test_trace"].detail


def test_unity_catalog_that_is_switched_off(workspace: Workspace) -> None:
    """Traces go to the classic experiment, which is said."""
    workspace.catalog.enabled = False
    checks = examined(settings(unity_catalog=TABLES))
    assert not_ok(checks) == {"unity_catalog": "warn"}
    assert "switched off" in checks["unity_catalog"].detail
    assert "preview" in checks["unity_catalog"].fix


def test_a_table_that_is_gone(workspace: Workspace, grants: Grants) -> None:
    """Or that may not be seen, which looks the same."""
    grants.dropped.add(SPANS_TABLE)
    checks = examined(settings(unity_catalog=TABLES))
    assert not_ok(checks) == {"unity_catalog": "fail"}
    assert SPANS_TABLE in checks["unity_catalog"].detail
    assert not_tried(checks) == {"artifact_storage", "test_trace"}


def test_grants_that_are_missing(workspace: Workspace, grants: Grants) -> None:
    """Each with what it is wanted on."""
    grants.revoked |= {"USE_SCHEMA", "MODIFY"}
    checks = examined(settings(unity_catalog=TABLES))
    assert not_ok(checks) == {"unity_catalog": "warn"}
    assert f"USE_SCHEMA on schema main.default, MODIFY on table {SPANS_TABLE}" in checks["unity_catalog"].detail
    assert USER in checks["unity_catalog"].detail


def test_the_wrong_workspace_by_the_default_profile(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case behind this project: the .env with the right workspace was loaded by the tests and not by the server."""
    Path(".databrickscfg").write_text(f"[DEFAULT]\nhost = {workspace.url}\ntoken = {TOKEN}\n")
    Path(".env").write_text("DATABRICKS_HOST=https://right.example\nDATABRICKS_TOKEN=dapi-right\n")
    monkeypatch.delenv("DATABRICKS_HOST")
    monkeypatch.delenv("DATABRICKS_TOKEN")
    checks = examined(settings())
    assert not_ok(checks) == {"dotenv": "warn", "workspace": "warn"}
    seen = checks["workspace"].detail
    assert f"{workspace.url} is used (from profile DEFAULT of ~/.databrickscfg)" in seen
    assert "DATABRICKS_HOST=https://right.example (not set here)" in seen
    assert "DATABRICKS_HOST" in checks["workspace"].fix
    assert "dapi-" not in str(checks)
    for name in ("workspace", "host", "credentials"):
        said = checks[name].detail.replace(workspace.url, "https://old.example").replace(f"{Path.cwd()}/", "/app/")
        assert _bare(said) in _bare(MANUAL), f"docs/doctor.md shows what the check {name!r} says: {said}"


def _bare(text: str) -> str:
    """Text without the lines of a table and where it is broken."""
    return "".join(text.replace("│", "").split())
