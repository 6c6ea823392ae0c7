"""The files of config/collector/ are what the real Collector takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fleet.collector import CONFIGURATION, validated

pytestmark = pytest.mark.timeout(1200)
"""The first test that needs the Collector may have to build it."""

SETTINGS = {
    "DATABRICKS_HOST": "https://workspace.example",
    "DATABRICKS_TOKEN": "none",
    "UC_SPANS_TABLE": "main.traces.otel_spans",
    "VENDOR_TRACES_ENDPOINT": "https://vendor.example/v1/traces",
}
USES = [
    ["agent.yaml"],
    ["gateway.yaml"],
    ["gateway.yaml", "sampling.yaml"],
    ["gateway.yaml", "unity-catalog.yaml"],
    ["gateway.yaml", "vendor.yaml"],
    ["gateway.yaml", "sampling.yaml", "unity-catalog.yaml", "vendor.yaml"],
]


def storage(folder: Path) -> dict[str, str]:
    """Where the queues would be."""
    return {"AGENT_STORAGE": str(folder), "GATEWAY_STORAGE": str(folder)}


@pytest.mark.parametrize("files", USES, ids="+".join)
def test_the_collector_takes_the_files(files: Sequence[str], tmp_path: Path) -> None:
    """Alone, and each overlay over the gateway's, as their first lines say to use them."""
    assert validated(files, SETTINGS | storage(tmp_path)) == ""


def test_every_file_is_used() -> None:
    """A file that nobody validates is one that nobody can trust."""
    assert {path.name for path in CONFIGURATION.glob("*.yaml")} == {name for files in USES for name in files}


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """The Collector's verdict is about what the files mean, not only about their syntax."""
    assert "endpoint" in validated(["gateway.yaml", "vendor.yaml"], storage(tmp_path))
