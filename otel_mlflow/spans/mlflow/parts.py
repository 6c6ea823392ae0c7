"""The parts that stand in for MLflow's own, put in place together and tried once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
from mlflow.entities import SpanType
from mlflow.tracing import trace_manager as mlflow_traces

from otel_mlflow import mlflow_names
from otel_mlflow.spans.mlflow import client
from otel_mlflow.spans.mlflow.experiment_warning import ExperimentWarningFilter
from otel_mlflow.spans.mlflow.last_trace import LastActiveTrace
from otel_mlflow.spans.mlflow.listener import MlflowListener
from otel_mlflow.spans.mlflow.provider import BridgedProvider, BridgedTracer, ProviderSwap, TracerFor, mlflow_provider
from otel_mlflow.spans.mlflow.self_test import NAME, SelfTest
from otel_mlflow.spans.mlflow.trace_manager import BridgedTraceManager
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.registry import change_ids


def install(tracer_for: TracerFor, processor: OpenTraceSpanProcessor) -> list[Callable[[], None]]:
    """Put all in place; answer the steps that take them away again, to be taken in reverse."""
    swap, last = ProviderSwap(BridgedProvider(tracer_for), shares_context=True), LastActiveTrace()
    swap.install()
    before = mlflow_traces.InMemoryTraceManager._instance
    manager = BridgedTraceManager(change_ids, before)
    _set_manager(manager)
    evaluated = client.Evaluated()
    processor.listener = MlflowListener(manager.has_joined, evaluated)
    last.install()
    warnings = ExperimentWarningFilter()
    warnings.install()

    def forget_listener() -> None:
        processor.listener = None

    undo = [swap.uninstall, lambda: _set_manager(before), forget_listener, last.uninstall, warnings.uninstall]
    return undo + client.install(evaluated)


def check(self_test: SelfTest) -> str | None:
    """Whether MLflow's API reaches ours; what does not, else None."""
    if not isinstance(mlflow_provider._get_tracer("mlflow.tracing.fluent"), BridgedTracer):
        return "mlflow.tracing.provider._get_tracer() answers with another tracer than ours"
    instance: Any = mlflow_traces.InMemoryTraceManager.get_instance
    if not isinstance(instance(), BridgedTraceManager):
        return "InMemoryTraceManager.get_instance() answers with another manager than ours"
    return self_test.failure(_make_span, {mlflow_names.SPAN_TYPE: '"TOOL"', mlflow_names.SPAN_INPUTS: f'"{NAME}"'})


def _make_span() -> None:
    with mlflow.start_span(NAME, span_type=SpanType.TOOL) as span:
        span.set_inputs(NAME)


def _set_manager(manager: Any) -> None:
    mlflow_traces.InMemoryTraceManager._instance = manager
