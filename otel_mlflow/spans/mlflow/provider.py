"""In place of MLflow's provider wrapper: tracers of the provider that OpenTelemetry uses.

It survives `set_tracking_uri`, `set_experiment`, `set_destination` and `tracing.reset`, each of which would otherwise
replace or forget the global tracer provider, or ask the backend on the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mlflow.tracing.provider
from opentelemetry import trace as trace_api

from otel_mlflow.spans.mlflow.tracer import BridgedTracer

mlflow_provider: Any = mlflow.tracing.provider

TracerFor = Callable[[str], trace_api.Tracer]


class _Always:
    """In place of an environment variable of MLflow's: this value, whatever the environment says."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def get(self) -> bool:
        """What MLflow takes for its provider."""
        return self._value


class _Done:
    """In place of MLflow's once-flag: the provider is there, there is nothing to set up and nothing to wait for."""

    _done = done = True

    def do_once(self, _function: Callable[[], object]) -> None:
        return None


class BridgedProvider:
    """Hands out tracers of the shared provider, for good."""

    is_initialized = True

    def __init__(self, tracer_for: TracerFor) -> None:
        self._tracer_for = tracer_for
        self._none = trace_api.NoOpTracerProvider()
        self._bridged: dict[str, BridgedTracer] = {}
        self.disabled = False

    @property
    def once(self) -> _Done:
        """MLflow's flag for its set-up."""
        return _Done()

    def get(self) -> trace_api.TracerProvider:
        """What MLflow takes for its provider."""
        return self._none if self.disabled else trace_api.get_tracer_provider()

    def set(self, tracer_provider: trace_api.TracerProvider) -> None:
        """MLflow only ever sets one that makes no spans, or one of its own: it traces, or not."""
        self.disabled = isinstance(tracer_provider, trace_api.NoOpTracerProvider)

    def get_or_init_tracer(self, module_name: str) -> trace_api.Tracer:
        """A tracer for a module of MLflow's."""
        if self.disabled:
            return self._none.get_tracer(module_name)
        tracer, bridged = self._tracer_for(module_name), self._bridged.get(module_name)
        if bridged is None or bridged.tracer is not tracer:
            bridged = self._bridged[module_name] = BridgedTracer(tracer)
        return bridged

    def reset(self) -> None:
        """MLflow traces."""
        self.disabled = False

    def initialize(self, disabled: bool = False) -> None:
        """In place of `_initialize_tracer_provider`: there is nothing to set up but whether MLflow traces at all."""
        self.disabled = disabled

    def _swap_raw(self, tracer_provider: trace_api.TracerProvider) -> trace_api.TracerProvider:
        before = self.get()
        self.set(tracer_provider)
        return before


def _leave_span(token: Any) -> None:
    """In place of `detach_span_from_context`, which takes tokens of the mode that MLflow is in at the time only.

    A span may be entered before the bridge is there and left after, or the other way round, and in another context than
    it was entered in, where there is nothing to take back. This one therefore stays when the bridge goes.
    """
    for part in reversed(token if isinstance(token, tuple) else (token,)):
        if part is not None:
            with suppress(ValueError):
                part.var.reset(part)


class SilentProvider(BridgedProvider):
    """For an MLflow that we cannot take spans from: none are made, none are sent past us, and nobody waits for it."""

    def __init__(self) -> None:
        super().__init__(trace_api.NoOpTracerProvider().get_tracer)

    def get(self) -> trace_api.TracerProvider:
        """What MLflow takes for its provider."""
        return self._none

    def get_or_init_tracer(self, module_name: str) -> trace_api.Tracer:
        """A tracer for a module of MLflow's."""
        return self._none.get_tracer(module_name)


class ProviderSwap:
    """Ours in the place of MLflow's, and back. `shares_context` tells whether MLflow sees OpenTelemetry's spans."""

    def __init__(self, provider: BridgedProvider, *, shares_context: bool) -> None:
        self._ours = {
            "provider": provider,
            "_initialize_tracer_provider": provider.initialize,
            "MLFLOW_USE_DEFAULT_TRACER_PROVIDER": _Always(not shares_context),
        }
        self._theirs: dict[str, Any] = {}

    def install(self) -> None:
        """Put ours in place."""
        self._theirs = {name: getattr(mlflow_provider, name) for name in self._ours if hasattr(mlflow_provider, name)}
        for name, ours in self._ours.items():
            setattr(mlflow_provider, name, ours)
        mlflow_provider.detach_span_from_context = _leave_span

    def uninstall(self) -> None:
        """Put theirs back."""
        for name, theirs in self._theirs.items():
            setattr(mlflow_provider, name, theirs)
