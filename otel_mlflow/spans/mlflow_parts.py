"""The parts that stand in for MLflow's own, put in place together and tried once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlflow.tracing import trace_manager as mlflow_traces

from otel_mlflow.spans import mlflow_client
from otel_mlflow.spans.mlflow_last_trace import LastActiveTrace
from otel_mlflow.spans.mlflow_listener import MlflowListener
from otel_mlflow.spans.mlflow_provider import BridgedProvider, ProviderSwap, TracerFor, mlflow_provider
from otel_mlflow.spans.mlflow_trace_manager import BridgedTraceManager
from otel_mlflow.spans.mlflow_tracer import BridgedTracer
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.registry import OPEN_SPANS, change_span_id


def install(tracer_for: TracerFor, processor: OpenTraceSpanProcessor) -> list[Callable[[], None]]:
    """Put all in place; answer the steps that take them away again, to be taken in reverse."""
    swap, last = ProviderSwap(BridgedProvider(tracer_for), shares_context=True), LastActiveTrace()
    swap.install()
    manager = BridgedTraceManager(change_span_id)
    before = mlflow_traces.InMemoryTraceManager._instance
    _set_manager(manager)
    evaluated = mlflow_client.Evaluated()
    processor.listener = MlflowListener(manager.has_joined, OPEN_SPANS.get, evaluated)
    last.install()

    def forget_listener() -> None:
        processor.listener = None

    undo = [swap.uninstall, lambda: _set_manager(before), forget_listener, last.uninstall]
    return undo + mlflow_client.install(evaluated)


def check() -> str | None:
    """Whether MLflow's API reaches ours; what does not, else None."""
    if not isinstance(mlflow_provider._get_tracer("mlflow.tracing.fluent"), BridgedTracer):
        return "mlflow.tracing.provider._get_tracer() answers with another tracer than ours"
    instance: Any = mlflow_traces.InMemoryTraceManager.get_instance
    if not isinstance(instance(), BridgedTraceManager):
        return "InMemoryTraceManager.get_instance() answers with another manager than ours"
    return None


def _set_manager(manager: Any) -> None:
    mlflow_traces.InMemoryTraceManager._instance = manager
