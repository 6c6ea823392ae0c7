"""A pytest plugin that runs a part of the tests, chosen by the hash of each test's name: the same part every time.

`VERSIONS_PERCENT` says how large it is; the conformance suite always runs as a whole.
"""

from __future__ import annotations

import hashlib
import os

import pytest

WHOLE = "tests/conformance/"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the part."""
    percent = int(os.environ.get("VERSIONS_PERCENT", "100"))
    chosen = [item for item in items if item.nodeid.startswith(WHOLE) or _number(item.nodeid) < percent]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _number(nodeid: str) -> int:
    """A number from 0 to 99."""
    return int.from_bytes(hashlib.sha256(nodeid.encode()).digest()[:4], "big") % 100
