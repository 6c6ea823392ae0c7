"""Applications of which an integration is left out: they start and serve, and say so."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace as trace_api

from otel_mlflow import Settings, Tracing, TracingSetupError
from otel_mlflow.integrations import TABLE, Integration, PrivateName
from otel_mlflow.integrations.probe import is_before

LISTED = [(each, name) for each in TABLE.values() if not is_before(each) for name in each.names]
ONE_EACH = list({each.name: (each, name) for each, name in reversed(LISTED)}.values())

TIMEOUT = 280


def came_of(names: list[PrivateName], folder: Path) -> list[dict[str, Any]]:
    """What becomes of an application, for each name that is gone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.integrations.without"],
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


def take_away(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    """As a release might in which it has another name."""
    monkeypatch.delattr(importlib.import_module(module), name)


def test_strict_raises(newly_probed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming it."""
    take_away(monkeypatch, "mlflow.tracing.utils.environment", "resolve_env_metadata")
    with pytest.raises(TracingSetupError, match="mlflow_environment"):
        Tracing(Settings(strict=True))


def test_the_global_provider_is_set_by_the_public_function(newly_probed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the private one has another name."""
    missing: Any = "_set_tracer_provider"
    original = getattr(trace_api, missing)
    take_away(monkeypatch, "opentelemetry.trace", missing)
    monkeypatch.setattr(trace_api, "set_tracer_provider", lambda provider: original(provider, log=False))
    tracing = Tracing()
    spans = trace_api.get_tracer("library").start_span("raw")
    assert spans.is_recording()
    spans.end()
    tracing.shutdown()
