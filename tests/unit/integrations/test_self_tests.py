"""The integrations prove themselves at start: what has its name and does something else is left out, too."""

from __future__ import annotations

import importlib
import random
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_mlflow import Tracing
from otel_mlflow.integrations import INTEGRATIONS, TABLE
from otel_mlflow.ops.feeds import sqlite_schema
from otel_mlflow.spans.registry import open_traces


def do_nothing(*_: object, **__: object) -> None:
    """In the place of a method of another package."""


def reason_without(integration: str) -> str:
    """Why an integration is off once tracing has started, and gone again."""
    tracing = Tracing()
    try:
        left_out = INTEGRATIONS.missing(integration)
        assert left_out is not None
        assert tracing.status().state == "degraded"
        assert integration in (tracing.status().reason or "")
        return left_out.reason
    finally:
        tracing.shutdown()


def test_spans_of_mlflow_without_their_inputs_leave_the_api_out(
    newly_probed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release in which inputs are kept elsewhere: the span says what is missing."""
    monkeypatch.setattr("mlflow.entities.LiveSpan.set_inputs", do_nothing)
    assert "'mlflow.spanInputs': None" in reason_without("mlflow_spans")


def test_an_api_that_raises_is_left_out(newly_probed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it raises."""

    def fail(*_: object, **__: object) -> None:
        raise TypeError("set_inputs() takes no inputs")

    monkeypatch.setattr("mlflow.entities.LiveSpan.set_inputs", fail)
    assert "TypeError: set_inputs() takes no inputs" in reason_without("mlflow_spans")


def test_runs_of_langchain_that_never_end_leave_langchain_out(
    newly_probed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release of MLflow whose tracer is called otherwise."""
    monkeypatch.setattr("mlflow.langchain.langchain_tracer.MlflowLangchainTracer.on_chain_end", do_nothing)
    assert "a span does not end" in reason_without("langchain")


def test_a_tracer_that_langchain_does_not_reach_leaves_langchain_out(
    newly_probed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No span arrives."""
    monkeypatch.setattr("mlflow.langchain.langchain_tracer.MlflowLangchainTracer.on_chain_start", do_nothing)
    assert "of one span 0 arrive" in reason_without("langchain")


def test_the_self_tests_leave_nothing_behind(newly_probed: None) -> None:
    """No open trace, and no trace that MLflow calls the last one."""
    before = mlflow.get_last_active_trace_id()
    tracing = Tracing()
    try:
        assert INTEGRATIONS.left_out == []
        assert mlflow.get_last_active_trace_id() == before
        assert open_traces() == set()
        assert tracing.status().counts.pending == 0
    finally:
        tracing.shutdown()


def test_the_application_s_exporter_sees_no_self_test(newly_probed: None) -> None:
    """The spans are made by another provider."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    Tracing(tracer_provider=provider).shutdown()
    assert exporter.get_finished_spans() == ()


def test_the_application_s_masks_are_not_shown_a_self_test(newly_probed: None) -> None:
    """Functions that were given to `mlflow.tracing.configure()` see the application's spans only."""
    shown: list[Any] = []
    mlflow.tracing.configure(span_processors=[shown.append])
    try:
        Tracing().shutdown()
    finally:
        mlflow.tracing.configure(span_processors=[])
    assert shown == []


@pytest.mark.parametrize(
    ("integration", "function"),
    [
        ("mlflow_translation", "mlflow.tracing.otel.translation.translate_span_when_storing"),
        ("mlflow_store", "mlflow.entities.span.Span.from_otel_proto"),
    ],
)
def test_a_function_that_answers_otherwise_is_left_out(
    newly_probed: None, monkeypatch: pytest.MonkeyPatch, integration: str, function: str
) -> None:
    """It has its name still, and another answer."""
    monkeypatch.setattr(function, lambda *_: {"attributes": {}})
    assert not INTEGRATIONS.works(integration)
    assert "its self-test fails" in INTEGRATIONS.left_out[0].reason


def test_a_schema_that_lacks_a_column_is_not_read_where_it_lies(
    newly_probed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dashboard goes by MLflow's classes then."""
    models: Any = importlib.import_module("mlflow.store.tracking.dbmodels.models")
    tables = dict(models.Base.metadata.tables)
    columns = dict(tables["trace_info"].columns)
    del columns["execution_time_ms"]
    tables["trace_info"] = SimpleNamespace(columns=columns)
    monkeypatch.setattr(models.Base, "metadata", SimpleNamespace(tables=tables))
    assert not sqlite_schema.is_known()
    assert "no such column: execution_time_ms" in INTEGRATIONS.left_out[0].reason


def test_the_schema_of_this_mlflow_is_known(newly_probed: None) -> None:
    """Every statement finds its columns."""
    assert sqlite_schema.is_known()


def test_limits_of_spans_leave_nothing_out(newly_probed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants short attributes, and few of them, has MLflow's spans all the same."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    tracing = Tracing()
    tracing.shutdown()
    assert INTEGRATIONS.left_out == []


def test_self_tests_draw_nothing_from_random(newly_probed: None) -> None:
    """An application may have seeded it before it is instrumented; a dashboard's doctor tries them at any time."""
    before = random.getstate()
    for name in TABLE:
        INTEGRATIONS.works(name)
    assert random.getstate() == before
