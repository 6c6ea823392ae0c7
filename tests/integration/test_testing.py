"""What users' own tests get, in a project of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_fixture_captures_what_its_test_does(tmp_path: Path) -> None:
    """`mlflow_traces`, in a project that only has this package installed."""
    (tmp_path / "test_app.py").write_text(
        "import mlflow\n"
        "def test_answer(mlflow_traces):\n"
        "    with mlflow.start_span('work'):\n"
        "        pass\n"
        "    assert [trace.info.tags['mlflow.traceName'] for trace in mlflow_traces] == ['work']\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    environ = {**os.environ, "OTEL_MLFLOW_TRACING__AUTOLOG": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
