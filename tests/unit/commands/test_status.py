"""`otel-mlflow status`: what the app's processes say of themselves, told by another process."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from otel_mlflow import Settings
from otel_mlflow.commands.cli import main
from otel_mlflow.delivery.leases import spool_path
from tests.delivering import delivering, put, wait_for
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow
from tests.unit.delivery.backend import FastClock

PROMISED = {
    *("state", "reason", "fix", "experiment", "tracking_uri", "identity", "credential_source", "counts", "spool"),
    *("last_delivery", "last_error", "advice", "settings", "processes"),
}


@pytest.fixture
def scripted(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that takes traces, where the settings lead to."""
    with ScriptedMlflow() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "shop")
        yield server


def run_status() -> Result:
    """The command, for programs."""
    return CliRunner().invoke(main, ["status", "--json"])


def asked(exit_code: int = 0) -> dict[str, Any]:
    """What it answers in JSON."""
    result = run_status()
    assert result.exit_code == exit_code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def processes() -> int:
    """How many processes deliver, as it says."""
    return int(json.loads(run_status().stdout)["processes"])


def test_all_that_is_promised(scripted: ScriptedMlflow) -> None:
    """Of a process that delivers: where, as whom, what became of its traces, and where its settings came from."""
    with delivering(Settings(), clock=FastClock()) as delivery:
        put(delivery, 3)
        wait_for(delivery, lambda counts: counts.delivered == 3)
        found = until(
            lambda: word if (word := asked())["last_delivery"] else None, seconds=60, waiting_for=lambda: f"{asked()}"
        )
    assert set(found) == PROMISED
    assert (found["state"], found["reason"], found["processes"]) == ("ok", "", 1)
    assert found["experiment"] == {"id": "7", "name": "shop", "url": f"{scripted.url}/#/experiments/7"}
    assert found["tracking_uri"] == scripted.url
    assert (found["identity"], found["credential_source"]) == ("anonymous", "none")
    assert found["counts"]["delivered"] == 3
    assert found["spool"]["bytes"] > 0
    assert found["spool"]["oldest_age_seconds"] is None
    assert found["settings"]["experiment_name"] == "environment MLFLOW_EXPERIMENT_NAME"
    assert found["settings"]["tracing.sample_rate"] == "default"


def test_a_process_that_has_failed(scripted: ScriptedMlflow) -> None:
    """Exit code 1, with the reason and what to do."""
    scripted.authorization = "Bearer other"
    with delivering(Settings(), clock=FastClock()) as delivery:
        put(delivery, 1)
        until(lambda: delivery.status().state == "failed", seconds=60, waiting_for=lambda: f"{delivery.status()}")
        until(
            lambda: CliRunner().invoke(main, ["status"]).exit_code, seconds=60, waiting_for=lambda: "the word it left"
        )
        found = asked(exit_code=1)
    assert found["state"] == "failed"
    assert "401" in found["reason"]
    assert "credentials" in found["fix"]
    assert "401" in found["last_error"]


def test_nothing_was_traced_yet(scripted: ScriptedMlflow, tmp_path: Path) -> None:
    """There is no spool, which is no failure."""
    found = asked()
    assert set(found) == PROMISED
    assert found["state"] == "starting"
    assert str(tmp_path) in found["reason"]
    assert (found["tracking_uri"], found["processes"]) == (scripted.url, 0)


def test_what_a_process_left_when_it_ended(scripted: ScriptedMlflow) -> None:
    """It waits for the next one."""
    scripted.authorization = "Bearer other"
    with delivering(Settings(), clock=FastClock()) as delivery:
        put(delivery, 2)
        wait_for(delivery, lambda counts: counts.pending == 2)
        until(lambda: processes() == 1, seconds=60, waiting_for=lambda: "the word it left")
    # A shutdown may outlast the time that it was given.
    until(lambda: processes() == 0, seconds=60, waiting_for=lambda: "its end")
    found = asked()
    assert found["state"] == "degraded"
    assert "2 records wait" in found["reason"]
    assert "spool retry" in found["fix"]
    assert found["spool"]["oldest_age_seconds"] >= 0


def test_tracing_is_off(scripted: ScriptedMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what has switched it off."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    found = asked()
    assert found["state"] == "disabled"
    assert "OTEL_SDK_DISABLED" in found["reason"]


def test_for_people(scripted: ScriptedMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of what there is to say, and nothing of what there is not."""
    monkeypatch.setenv("COLUMNS", "200")
    with delivering(Settings(), clock=FastClock()) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
        said = until(
            lambda: table if "last delivery" in (table := CliRunner().invoke(main, ["status"]).output) else None,
            seconds=60,
            waiting_for=lambda: "the word it left",
        )
    for words in ("ok", "shop", scripted.url, "experiment_name: environment MLFLOW_EXPERIMENT_NAME"):
        assert words in said
    assert "last error" not in said


@pytest.mark.parametrize("command", [["status"], ["spool", "list"], ["spool", "retry"]], ids=" ".join)
def test_a_damaged_spool_is_told(scripted: ScriptedMlflow, command: list[str]) -> None:
    """With what mends it, as one line."""
    folder = Settings().delivery.spool_dir
    folder.mkdir(parents=True)
    spool_path(folder).write_bytes(b"no database" * 1000)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: the spool in {folder} cannot be used (file is not a database); start the app, which sets a damaged "
        f"file aside and delivers what can be read of it\n"
    )


def test_a_spool_that_another_process_has_locked_is_told(scripted: ScriptedMlflow) -> None:
    """After as long as SQLite waits for a lock."""
    with delivering(Settings()) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
    folder = Settings().delivery.spool_dir
    with contextlib.closing(sqlite3.connect(spool_path(folder), isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        result = run_status()
    assert result.exit_code == 1
    assert f"the spool in {folder} cannot be used (database is locked); see which process holds" in result.stderr
