"""`otel-mlflow doctor` as people run it: its words, its JSON and its exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from otel_mlflow.commands.cli import main
from otel_mlflow.diagnosis.doctor import CHECKS
from tests.doctor.examining import answer, run_doctor

NAMES = [each.name for each in CHECKS if not each.only_for]


def test_all_is_well(store: str) -> None:
    """Exit code 0, and every check in the table; a warning is no failure. A busy machine may be given up."""
    Path(".env").write_text("MLFLOW_TRACKING_URI=http://right.example\n")
    run = run_doctor(MLFLOW_TRACKING_URI=store, MLFLOW_EXPERIMENT_NAME="well")
    assert run.returncode == ("given up" in run.stdout), run.stdout
    assert all(name in run.stdout for name in NAMES)
    assert "right.example" in run.stdout


def test_json_and_nothing_else(store: str) -> None:
    """In a process of its own: what MLflow logs and prints is elsewhere. A busy machine may be given up."""
    run = run_doctor("--json", MLFLOW_TRACKING_URI=store, MLFLOW_EXPERIMENT_NAME="well")
    found = answer(run)
    assert set(found) == {"ok", "checks"}
    assert run.returncode == (0 if found["ok"] else 1)
    assert [check["name"] for check in found["checks"]] == NAMES
    for check in found["checks"]:
        assert set(check) == {"name", "status", "detail", "fix"}
        assert check["status"] == "ok" or "given up" in check["detail"] or "not tried" in check["detail"], check
        assert check["detail"]
        assert bool(check["fix"]) == (check["status"] != "ok")


def test_a_check_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert "fail" in [check["status"] for check in found["checks"]]


def test_settings_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why traces do not arrive, so it is a check that fails."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "often")
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 1
    first = json.loads(result.stdout)["checks"][0]
    assert (first["name"], first["status"]) == ("settings", "fail")
    assert "OTEL_MLFLOW_TRACING__SAMPLE_RATE" in first["detail"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor", "--jason"],
        ["doctor", "now"],
        pytest.param(["--config", "missing.yaml", "doctor", "--json"], id="a file that is not there"),
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    """Exit code 2, and the culprit is named."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert any(argument in result.stderr for argument in arguments if argument != "doctor")


@pytest.mark.parametrize("options", [["--json"], []])
def test_no_secret_is_shown(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of the settings, not of the environment, not of the .env."""
    Path(".env").write_text("DATABRICKS_TOKEN=hunter2\nMLFLOW_TRACKING_URI=http://me:hunter2@mlflow.example\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2")
    monkeypatch.setenv("OTEL_MLFLOW_OTLP__HEADERS", "x-team=hunter2")
    result = CliRunner().invoke(main, ["doctor", *options])
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.output
    assert "hunter2" not in result.output


def test_a_table_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain text, broken where the terminal ends: what was seen, and below it what to do."""
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    result = CliRunner().invoke(main, ["doctor"])
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    (host,) = [number for number, line in enumerate(lines) if line.startswith("host ")]
    said = " ".join(" ".join(lines[host : host + 3]).split())
    assert said.startswith(
        "host fail http://127.0.0.1:1 does not answer: [Errno 111] Connection refused → check that it"
    )
