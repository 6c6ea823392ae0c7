"""A thousand bytes cost a thousand bytes, whatever codec their charset names, with assertions and without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.servers.process import clean_environment

ROOT = Path(__file__).parents[2]
MOST_GROWTH = 50_000
LONGEST_INPUT = 70_000


def test_no_charset_decompresses_under_python_o(tmp_path: Path) -> None:
    """Each request is answered as without us and leaves its trace, in bounded memory."""
    ran = subprocess.run(
        [sys.executable, "-O", "-m", "tests.acceptance.bombed"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=clean_environment({"PYTHONPATH": str(ROOT), "OTEL_MLFLOW_TRACING__AUTOLOG": ""}),
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    assert not found["has_assertions"]
    assert found["traced"] == found["untraced"]
    assert len(found["inputs"]) == len(found["traced"]) + len(["the first request"])
    assert max(found["inputs"]) < LONGEST_INPUT
    assert found["grown_kilobytes"] < MOST_GROWTH
