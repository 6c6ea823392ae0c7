"""Functions of MLflow's client that look into open traces, so that they see what they would without us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
import mlflow.tracing.client
import mlflow.tracing.fluent
import mlflow.tracing.provider
from opentelemetry import context as context_api
from opentelemetry.context import Context

from otel_mlflow.delivery.delivery import latest_delivery
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.current import current_span_state
from otel_mlflow.spans.mlflow.trace_manager import find_by_mlflow_id
from otel_mlflow.spans.mlflow.views import BridgedSpan
from otel_mlflow.spans.trace import span_state

tracing_client: Any = mlflow.tracing.client.TracingClient
client_class: Any = mlflow.MlflowClient
fluent: Any = mlflow.tracing.fluent
mlflow_provider: Any = mlflow.tracing.provider

FLUSH_TIMEOUT = 30.0
"""Seconds that `mlflow.flush_trace_async_logging()` and `get_trace(flush=True)` wait."""


class _Exporter:
    """In place of MLflow's exporter: to flush it is to flush delivery."""

    @property
    def _async_queue(self) -> _Exporter:
        return self

    def flush(self, terminate: bool = False) -> None:
        flush_delivery()


def flush_delivery() -> None:
    """Wait until what was handed over has arrived."""
    delivery = latest_delivery()
    if delivery is not None:
        delivery.flush(FLUSH_TIMEOUT)


class Evaluated:
    """The traces of `mlflow.genai.evaluate`, which reads each back as soon as it is over."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def note(self, trace_id: str) -> None:
        """A trace of an evaluation is over."""
        self._waiting.add(trace_id)

    def await_delivery(self, trace_id: str) -> None:
        """Wait for the trace where it is one of these."""
        if trace_id in self._waiting:
            flush_delivery()
            self._waiting.discard(trace_id)


def install(evaluated: Evaluated) -> list[Callable[[], None]]:
    """Put ours in place; answer the steps that take them away again."""
    return [*_replace_functions(evaluated), *_replace_span_wrapper()]


def _replace_functions(evaluated: Evaluated) -> list[Callable[[], None]]:
    if not INTEGRATIONS.works("mlflow_client"):
        return []
    theirs = {
        (tracing_client, "get_trace_info"): tracing_client.get_trace_info,
        (client_class, "start_trace"): client_class.start_trace,
    }
    tracing_client.get_trace_info = _get_trace_info(tracing_client.get_trace_info, evaluated)
    client_class.start_trace = _start_trace(client_class.start_trace)
    return [*_replace_exporter(), lambda: _restore(theirs)]


def _replace_span_wrapper() -> list[Callable[[], None]]:
    """MLflow's `get_current_active_span()` wraps spans that it does not know with it."""
    if not (INTEGRATIONS.works("mlflow_active_span") and hasattr(fluent, _WRAPPER)):
        return []
    theirs = {(fluent, _WRAPPER): fluent.create_mlflow_span}
    fluent.create_mlflow_span = _create_mlflow_span(fluent.create_mlflow_span)
    return [lambda: _restore(theirs)]


def _restore(theirs: dict[tuple[Any, str], Any]) -> None:
    for (owner, name), original in theirs.items():
        setattr(owner, name, original)


def _get_trace_info(original: Callable[..., Any], evaluated: Evaluated) -> Callable[..., Any]:
    def get_trace_info(self: Any, trace_id: str) -> Any:
        """A trace that is over is in the store, or on its way there; MLflow looks into open ones first."""
        trace = find_by_mlflow_id(trace_id)
        if trace is not None and not trace.export.released:
            return original(self, trace_id)
        evaluated.await_delivery(trace_id)
        return self.store.get_trace_info(trace_id) if trace is not None else original(self, trace_id)

    return get_trace_info


def _start_trace(original: Callable[..., Any]) -> Callable[..., Any]:
    def start_trace(self: Any, *args: Any, **kwargs: Any) -> Any:
        """A trace of its own: a request's span round it is no trace of the caller's, who is told of those."""
        state = current_span_state()
        if state is None or state.from_mlflow or state.below_mlflow:
            return original(self, *args, **kwargs)
        token = context_api.attach(Context())
        try:
            return original(self, *args, **kwargs)
        finally:
            context_api.detach(token)

    start_trace.__doc__ = original.__doc__
    return start_trace


def _create_mlflow_span(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_mlflow_span(otel_span: Any, *args: Any, **kwargs: Any) -> Any:
        """A span that is over does not tell of which MLflow trace it is any more, for exporters; its state does."""
        state = span_state(otel_span)
        return original(otel_span, *args, **kwargs) if state is None else BridgedSpan(state, otel_span)

    return create_mlflow_span


def _replace_exporter() -> list[Callable[[], None]]:
    """Every place that has MLflow's `_get_trace_exporter`, each by its own name for it."""
    import mlflow.tracking.fluent

    modules: list[Any] = [mlflow.tracing.provider, fluent, mlflow.tracking.fluent]
    theirs = {(module, _GETTER): getattr(module, _GETTER) for module in modules if hasattr(module, _GETTER)}
    for module, name in theirs:
        setattr(module, name, _Exporter)
    return [lambda: _restore(theirs)]


_GETTER = "_get_trace_exporter"
_WRAPPER = "create_mlflow_span"
