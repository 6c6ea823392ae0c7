"""What else traces the calls that MLflow's autologging traces, and that it is said."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]

from otel_mlflow.spans.mlflow.other_instrumentations import log_other_instrumentations, other_instrumentations


class Nothing:
    """What an instrumentor has to say; it instruments nothing."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """None."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        """Nothing to do."""

    def _uninstrument(self, **kwargs: Any) -> None:
        """Nothing to do."""


class OpenInferenceOpenAI(Nothing, BaseInstrumentor):  # type: ignore[misc]
    """Stands where OpenInference's does."""

    __module__ = "openinference.instrumentation.openai"


class TraceloopOpenAI(Nothing, BaseInstrumentor):  # type: ignore[misc]
    """Stands where Traceloop's does."""

    __module__ = "opentelemetry.instrumentation.openai.shared"


@pytest.fixture
def enabled() -> Iterator[list[BaseInstrumentor]]:
    """Both, enabled for a test."""
    instrumentors: list[BaseInstrumentor] = [OpenInferenceOpenAI(), TraceloopOpenAI()]
    for each in instrumentors:
        each.instrument()
    yield instrumentors
    for each in instrumentors:
        each.uninstrument()


def test_instrumentations_of_the_same_library_are_found(enabled: list[BaseInstrumentor]) -> None:
    """Under the flavour that traces it; those of other libraries trace other calls."""
    both = ["openinference.instrumentation.openai", "opentelemetry.instrumentation.openai.shared"]
    assert other_instrumentations(["langchain", "openai"]) == {"openai": both}
    assert other_instrumentations(["langchain"]) == {}


def test_one_that_is_not_enabled_traces_nothing(enabled: list[BaseInstrumentor]) -> None:
    """It may be installed for something else."""
    enabled[0].uninstrument()
    assert other_instrumentations(["openai"]) == {"openai": ["opentelemetry.instrumentation.openai.shared"]}
    enabled[0].instrument()


def test_it_is_said_who_and_what_to_do(enabled: list[BaseInstrumentor], caplog: pytest.LogCaptureFixture) -> None:
    """In one line a flavour."""
    with caplog.at_level(logging.INFO, "otel_mlflow"):
        log_other_instrumentations(["openai", "langchain"])
    (said,) = caplog.messages
    assert "openinference.instrumentation.openai and opentelemetry.instrumentation.openai.shared" in said
    assert "take 'openai' out of tracing.autolog" in said


def test_logfire_is_found_by_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """`logfire.instrument_openai()` leaves it on OpenAI's client classes."""
    openai: Any = types.ModuleType("openai")
    openai.AsyncOpenAI = type("AsyncOpenAI", (), {})
    monkeypatch.setitem(sys.modules, "openai", openai)
    assert other_instrumentations(["openai"]) == {}
    openai.AsyncOpenAI._is_instrumented_by_logfire = True
    assert other_instrumentations(["openai", "anthropic"]) == {"openai": ["logfire"]}


def test_langsmith_is_found_in_its_opentelemetry_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own way to trace is not OpenTelemetry's."""
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert other_instrumentations(["langchain"]) == {}
    monkeypatch.setenv("LANGSMITH_OTEL_ENABLED", "true")
    assert other_instrumentations(["openai", "langchain"]) == {"langchain": ["langsmith"]}
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    assert other_instrumentations(["langchain"]) == {}
