"""In this process: an integration that is left out raises where `strict` is set, and may have a public way round."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from opentelemetry import trace as trace_api

from otel_mlflow import Settings, Tracing, TracingSetupError


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
