"""Where everything must be installed, a test that is skipped for want of something has failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REQUIRE_ALL

REPOSITORY = Path(__file__).resolve().parents[1]
TEST_NEEDS = "import pytest\ndef test_it():\n    pytest.skip({reason!r})\n"
MODULE_NEEDS = "import pytest\npytest.skip({reason!r}, allow_module_level=True)\n"


def outcome(folder: Path, content: str, *, require_all: bool) -> int:
    """Run pytest, with this suite's conftest, on one file; 0: passed or skipped, 5: nothing was collected."""
    (folder / "test_one.py").write_text(content)
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # which would take seconds
        REQUIRE_ALL: "1" if require_all else "",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("content", [TEST_NEEDS, MODULE_NEEDS], ids=["test", "module"])
def test_what_is_skipped_for_want_of_something_fails(tmp_path: Path, content: str) -> None:
    """The reason begins with "needs"."""
    wanting = content.format(reason="needs the program chromium")
    assert outcome(tmp_path, wanting, require_all=False) in (0, 5)
    assert outcome(tmp_path, wanting, require_all=True) in (1, 2)


def test_what_is_skipped_for_another_reason_does_not(tmp_path: Path) -> None:
    """A test that does not apply here is still skipped."""
    assert outcome(tmp_path, TEST_NEEDS.format(reason="only on Linux"), require_all=True) == 0
