"""A clear word where the neighbours are not installed."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.acceptance.service")

from tests.neighbours.folder import DATABRICKS_CHAT, INSTALLED, MOUNTED  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def neighbours_are_installed() -> None:
    """Skip all where there is none."""
    if not all(folder.exists() for folder in (INSTALLED, MOUNTED, DATABRICKS_CHAT)):
        pytest.skip("needs the neighbours: run `make neighbours`")
