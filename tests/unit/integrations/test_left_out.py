"""Applications of which an integration is left out: they start and serve, and say so."""

from __future__ import annotations

import importlib
from typing import Any

import mlflow
import pytest
from opentelemetry import trace as trace_api

from otel_mlflow import Settings, Tracing, TracingSetupError
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.testing import capture
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

GONE = [
    ("mlflow.tracing.provider", "provider", "mlflow_spans"),
    ("mlflow.tracing.provider", "_initialize_tracer_provider", "mlflow_spans"),
    ("mlflow.tracing.provider", "MLFLOW_USE_DEFAULT_TRACER_PROVIDER", "mlflow_spans"),
    ("mlflow.tracing.provider", "detach_span_from_context", "mlflow_spans"),
    ("mlflow.tracing.trace_manager", "_Trace", "mlflow_spans"),
    ("mlflow.tracking.fluent", "_active_run_stack", "mlflow_runs"),
    ("mlflow.tracking.fluent", "_active_experiment_id", "mlflow_runs"),
    ("mlflow.tracking._tracking_service.utils", "_tracking_uri", "mlflow_runs"),
    ("opentelemetry.trace", "_set_tracer_provider", "opentelemetry_provider"),
    ("opentelemetry.trace", "_TRACER_PROVIDER", "opentelemetry_provider"),
    ("mlflow.langchain.langchain_tracer", "MlflowLangchainTracer", "langchain"),
    ("mlflow.tracing.utils.token", "SpanWithToken", "langchain"),
    ("mlflow.tracing.fluent", "_set_last_active_trace_id", "mlflow_last_trace"),
]


@pytest.fixture
def newly_probed(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Integrations that nobody has asked for yet."""
    monkeypatch.setattr(INTEGRATIONS, "_found", {})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")


def take_away(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    """As a release might in which it has another name."""
    monkeypatch.delattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("module", "name", "integration"), GONE, ids=[name for _, name, _ in GONE])
def test_an_application_serves_without_it(
    newly_probed: None,
    instrument: Instrument,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    name: str,
    integration: str,
) -> None:
    """The request is answered, it has a trace, and the status is `degraded` and names what is missing."""

    def handler() -> str:
        with mlflow.start_span("work"):
            return "served"

    take_away(monkeypatch, module, name)
    app = app_of(handler)
    with capture() as traces:
        tracing = instrument(app)
        answer = Call(app).run().json
        status = tracing.status()
        spans = [span.name for trace in traces for span in trace.data.spans]
        tracing.shutdown()
    monkeypatch.undo()
    assert answer == "served"
    assert "GET /" in spans
    assert status.state == "degraded"
    assert integration in status.reason
    assert status.fix


def test_strict_raises(newly_probed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming it."""
    take_away(monkeypatch, "mlflow.tracking.fluent", "_active_run_stack")
    with pytest.raises(TracingSetupError, match="mlflow_runs"):
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
