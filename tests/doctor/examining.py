"""Going to the doctor, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from otel_mlflow.diagnosis.check_result import Check
from otel_mlflow.diagnosis.doctor import run_checks
from otel_mlflow.diagnosis.setup import Limits
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings

REPOSITORY = Path(__file__).parents[2]
PATIENT = Limits(each=60, together=180, busy=360)
"""A test machine may be slow; what has to be quick has limits of its own."""


def examined(
    given: Settings | SettingsError | None = None, *, limits: Limits = PATIENT, **settings: Any
) -> dict[str, Check]:
    """What the doctor says of settings, by the names of the checks."""
    return {check.name: check for check in run_checks(given or Settings(**settings), limits=limits)}


def not_ok(checks: dict[str, Check]) -> dict[str, str]:
    """Status of each check that is not ok, but for those that were not tried."""
    return {
        name: check.status
        for name, check in checks.items()
        if check.status != "ok" and not check.detail.startswith("not tried")
    }


def not_tried(checks: dict[str, Check]) -> set[str]:
    """Names of the checks that were not tried."""
    return {name for name, check in checks.items() if check.detail.startswith("not tried")}


def run_doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `otel-mlflow doctor` in the current folder, as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from otel_mlflow.commands.cli import main; main()", "doctor", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def answer(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that a run has printed, and nothing else."""
    found: dict[str, Any] = json.loads(run.stdout)
    return found
