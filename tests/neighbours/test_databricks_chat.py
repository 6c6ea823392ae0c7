"""The slide agent over `ChatDatabricks`: all that holds for model serving holds with it, too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.neighbours.folder import DATABRICKS_CHAT
from tests.servers.app_server import REPOSITORY
from tests.servers.process import clean_environment

SUITES = {
    "model": [
        "-k",
        "databricks-langchain",
        *(f"tests/app/test_{name}.py" for name in ("serving", "databricks", "on_behalf")),
    ],
    "turns": ["tests/databricks/test_slide_agent.py"],
}
# What the packages of the extra warn of is their own affair.
PYTEST = [sys.executable, "-m", "pytest", "-q", "-W", "default"]

pytestmark = pytest.mark.neighbours


@pytest.mark.parametrize("tests", SUITES.values(), ids=list(SUITES))
def test_what_holds_for_our_client_holds_for_theirs(tests: list[str]) -> None:
    """The same tests in a process that has databricks-langchain, which they find; and turns with their traces."""
    environment = clean_environment({"PYTHONPATH": f"{DATABRICKS_CHAT}:{REPOSITORY}"})
    done = subprocess.run(
        [*PYTEST, *tests], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
