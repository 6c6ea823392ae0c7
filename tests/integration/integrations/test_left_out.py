"""Applications of which an integration is left out: they start and serve, and say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.integrations import TABLE, Integration, PrivateName
from otel_mlflow.integrations.probe import is_before

LISTED = [(each, name) for each in TABLE.values() if not is_before(each) for name in each.names]
ONE_EACH = list({each.name: (each, name) for each, name in reversed(LISTED)}.values())

TIMEOUT = 280


def came_of(names: list[PrivateName], folder: Path) -> list[dict[str, Any]]:
    """What becomes of an application, for each name that is gone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.integrations.without"],
        input="".join(f"{name.module} {name.path}\n" for name in names),
        cwd=folder,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def shortcomings(integration: Integration, name: PrivateName, found: dict[str, Any]) -> list[str]:
    """What is not as it should be where the name is gone: an integration that this application does not use is fine."""
    named = "raised" not in found and integration.name in found["doctor"] and found["doctor"].startswith("warn")
    told = integration.on_use or (found.get("state") == "degraded" and integration.name in found["reason"])
    serves = found.get("answer") == "served" and found.get("traced") and found.get("failures") == 0
    return [] if named and told and serves else [f"{integration.name}, {name}: {found}"]


def test_an_application_serves_without_any_integration(tmp_path: Path) -> None:
    """Its request has a trace, nothing fails; status() is `degraded` and names what is off, and so does the doctor."""
    found = came_of([name for _, name in ONE_EACH], tmp_path)
    assert [
        text for (each, name), one in zip(ONE_EACH, found, strict=True) for text in shortcomings(each, name, one)
    ] == []


@pytest.mark.soak
@pytest.mark.parametrize("name", TABLE)
def test_an_application_serves_without_any_name(tmp_path: Path, name: str) -> None:
    """The same for each name of the table."""
    names = TABLE[name].names
    found = came_of(list(names), tmp_path)
    assert [text for gone, one in zip(names, found, strict=True) for text in shortcomings(TABLE[name], gone, one)] == []
