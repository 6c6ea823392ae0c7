"""Whose credentials are used, where they come from, and what happens when they no longer hold."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from otel_mlflow.backends.databricks import credentials as credentials_module
from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.errors import MisconfigurationError, RetryableError
from otel_mlflow.startup import log_state
from tests.databricks.sending import settings_in
from tests.delivering import delivering, put, wait_for
from tests.servers.black_hole import silent_host
from tests.servers.workspace import CLIENT_ID, CLIENT_SECRET, TOKEN, USER, Fault, Workspace


def write_profile(host: str, token: str, name: str = "DEFAULT") -> None:
    """Write a profile into the home folder."""
    Path(os.environ["HOME"], ".databrickscfg").write_text(f"[{name}]\nhost = {host}\ntoken = {token}\n")


@pytest.fixture
def as_machine(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace, with a service principal's credentials in the environment."""
    for name, value in workspace.machine_environment.items():
        monkeypatch.setenv(name, value)
    return workspace


def test_a_token_in_the_environment(as_user: Workspace) -> None:
    """Host, way and source are told, and the token is in no repr."""
    found = WorkspaceCredentials.resolve("databricks")
    assert (found.host, found.auth_type) == (as_user.url, "pat")
    assert found.described == "environment DATABRICKS_TOKEN (host: environment DATABRICKS_HOST)"
    assert TOKEN not in repr(found)
    assert found.headers() == {"Authorization": f"Bearer {TOKEN}"}


def test_the_default_profile(workspace: Workspace) -> None:
    """Where the environment says nothing, the SDK takes the DEFAULT profile."""
    write_profile(workspace.url, TOKEN)
    found = WorkspaceCredentials.resolve("databricks")
    assert (found.host, found.described) == (workspace.url, "profile DEFAULT of ~/.databrickscfg")


def test_the_profile_in_the_tracking_uri(workspace: Workspace) -> None:
    """`databricks://name` means that profile."""
    write_profile(workspace.url, TOKEN, name="mine")
    assert WorkspaceCredentials.resolve("databricks://mine").source == "profile mine of ~/.databrickscfg"


def test_a_service_principal(as_machine: Workspace) -> None:
    """An OAuth token is got once for many requests."""
    found = WorkspaceCredentials.resolve("databricks")
    assert (found.auth_type, found.source) == ("oauth-m2m", "environment DATABRICKS_CLIENT_ID")
    assert found.headers() == found.headers()
    assert as_machine.auth.issued == 1
    assert CLIENT_SECRET not in repr(found)


def test_a_host_without_a_scheme_is_meant_to_have_one(as_user: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databricks Apps sometimes set it so. Nothing speaks TLS here, so it cannot be reached, only be named."""
    monkeypatch.setenv("DATABRICKS_HOST", as_user.url.removeprefix("http://"))
    assert WorkspaceCredentials.resolve("databricks").host == as_user.url.replace("http://", "https://")


def test_a_host_may_be_copied_from_a_browser(as_user: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the address tells a person which workspace it is, and is no part of it."""
    monkeypatch.setenv("DATABRICKS_HOST", f"{as_user.url}/?o=1234567890")
    assert WorkspaceCredentials.resolve("databricks").host == as_user.url


def test_no_credentials_at_all_are_named() -> None:
    """With what to set."""
    with pytest.raises(MisconfigurationError, match="DATABRICKS_HOST"):
        WorkspaceCredentials.resolve("databricks")


def test_a_profile_of_another_host_is_pointed_out(as_user: Workspace) -> None:
    """The environment wins over it, which not everybody expects."""
    write_profile("https://other.example.com", "dapi-other")
    found = WorkspaceCredentials.resolve("databricks")
    assert "profile DEFAULT of ~/.databrickscfg names another host, other.example.com" in found.disagreement
    assert "dapi-other" not in found.disagreement


def test_a_dotenv_that_says_otherwise_is_pointed_out(workspace: Workspace) -> None:
    """It lies in the current folder and nobody loaded it: its token is told to nobody."""
    write_profile(workspace.url, TOKEN)
    Path(".env").write_text("DATABRICKS_HOST=https://right.example.com\nDATABRICKS_TOKEN=dapi-right\n")
    found = WorkspaceCredentials.resolve("databricks")
    assert "DATABRICKS_HOST=https://right.example.com" in found.disagreement
    assert "DATABRICKS_TOKEN" in found.disagreement
    assert "dapi-right" not in found.disagreement


def test_the_sdk_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that takes connections and says nothing: the thread of delivery goes on."""
    monkeypatch.setattr(credentials_module, "SDK_TIMEOUT", 0.3)
    with silent_host() as port:
        monkeypatch.setenv("DATABRICKS_HOST", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("DATABRICKS_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", CLIENT_SECRET)
        with pytest.raises((RetryableError, MisconfigurationError)):
            WorkspaceCredentials.resolve("databricks")


def test_the_environment_is_left_as_it_is(as_user: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential, no address and no experiment is written into it."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    before = dict(os.environ)
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
    assert dict(os.environ) == before


def test_the_start_up_line_tells_it_all(as_user: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Experiment, host, identity and source; no token."""
    caplog.set_level(logging.INFO, logger="otel_mlflow")
    with delivering(settings_in(tmp_path), on_change=log_state) as delivery:
        wait_for(delivery, lambda counts: delivery.status().state == "ok")
    for told in (f"/Users/{USER}/agent", as_user.url, f"as {USER}", "environment DATABRICKS_TOKEN"):
        assert told in caplog.text
    assert TOKEN not in caplog.text


def test_a_token_that_no_longer_holds_is_replaced(as_machine: Workspace, tmp_path: Path) -> None:
    """Tokens are taken back in the middle of it all: nothing is lost, and the state is never failed."""
    states: list[str] = []
    with delivering(settings_in(tmp_path), on_change=lambda state: states.append(state.state)) as delivery:
        put(delivery, 5)
        wait_for(delivery, lambda counts: counts.delivered == 5)
        as_machine.auth.expire_tokens()
        put(delivery, 5)
        wait_for(delivery, lambda counts: counts.delivered == 10)
    assert states == ["ok"]
    assert as_machine.auth.issued == 2


def test_short_lived_tokens_are_refreshed_by_the_sdk(as_machine: Workspace, tmp_path: Path) -> None:
    """A token that the SDK takes for expired is never sent."""
    as_machine.auth.lifetime = 30
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 3)
        wait_for(delivery, lambda counts: counts.delivered == 3)
    assert delivery.status().identity == CLIENT_ID


@pytest.mark.parametrize("status", [401, 403])
def test_corrected_credentials_are_picked_up(status: int, workspace: Workspace, tmp_path: Path) -> None:
    """Rejected, the traces wait and it says whose credentials they are; corrected, they arrive without a restart."""
    workspace.auth.rejects_with = status
    write_profile(workspace.url, "dapi-wrong")
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 3)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        reason = delivery.status().reason
        assert workspace.url in reason
        assert "profile DEFAULT of ~/.databrickscfg" in reason
        assert "dapi-wrong" not in reason
        write_profile(workspace.url, TOKEN)
        wait_for(delivery, lambda counts: counts.delivered == 3)
        assert delivery.status().state == "ok"


def test_a_wrong_secret_is_named_with_its_host(
    as_machine: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token is given out: traces wait, and it says where and with what it was tried."""
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "a-wrong-secret")
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
    assert as_machine.url in delivery.status().reason
    assert "DATABRICKS_CLIENT_ID" in delivery.status().reason
    assert "a-wrong-secret" not in delivery.status().reason


def test_a_host_that_is_no_workspace_is_named(as_user: Workspace, tmp_path: Path) -> None:
    """It answers, and has never heard of the API."""
    as_user.api.faults.add("^/api/", Fault(404, "", "<html>"))
    with delivering(settings_in(tmp_path)) as delivery:
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
    assert as_user.url in delivery.status().reason
    assert "DATABRICKS_HOST" in delivery.status().fix


def test_a_host_that_is_out_of_reach_is_named_with_where_it_is_from(
    as_user: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and the SDK's own warnings do not fill the log."""
    monkeypatch.setattr(credentials_module, "SDK_TIMEOUT", 6.0)
    as_user.api.refuse()
    with delivering(settings_in(tmp_path), on_change=log_state) as delivery:
        wait_for(delivery, lambda counts: delivery.status().state == "degraded")
    assert as_user.url in delivery.status().reason
    assert "environment DATABRICKS_HOST" in delivery.status().reason
    warned = [record.name for record in caplog.records if record.levelno >= logging.WARNING]
    assert [name for name in warned if name.startswith(("otel_mlflow", "databricks"))] == ["otel_mlflow"]


def test_an_identity_that_is_not_told_stops_nothing(as_user: Workspace, tmp_path: Path) -> None:
    """Tokens with few scopes may not ask who they are."""
    as_user.api.faults.add("/scim/", Fault(403, "PERMISSION_DENIED", "scope"))
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
        assert delivery.status().identity == "unknown"
