"""In place of MLflow's provider wrapper: tracers of the provider that OpenTelemetry uses.

It survives `set_tracking_uri`, `set_experiment`, `set_destination` and `tracing.reset`, each of which would otherwise
replace or forget the global tracer provider, or ask the backend on the caller's thread.

Inside a request, what MLflow alone would take for a root has the request's span above it:

* `sampling_ratio_override` decides about it as about a root: MLflow's own sampler is asked. What is not sampled is
  left out with all below it.
* `trace_destination` and `experiment_id` choose the experiment of the request's trace (`listener.py`). MLflow takes
  the attribute away again, because there is a span above, and stumbles over its own span, so that the span and all
  below it would be lost: it is given something to take it from.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import mlflow.tracing.provider
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, Span, get_current_span
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.current import current_span_state
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.mlflow.experiment_warning import mark_followed
from otel_mlflow.spans.trace import span_state

mlflow_provider: Any = mlflow.tracing.provider

_OWN_CONTEXT: Any = getattr(mlflow_provider, "mlflow_runtime_context", None)
"""MLflow's context beside OpenTelemetry's, where this MLflow has one: its processor for Semantic Kernel puts every span
there, and would raise into whoever ends one elsewhere than it was started, as FastAPI does after a stream."""

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


class UnsampledSpan(NonRecordingSpan):
    """Stands for a span that MLflow's sampler has left out; what starts below it is left out, too."""


class BridgedTracer(trace_api.Tracer):
    """`tracer` for MLflow's use."""

    def __init__(self, tracer: trace_api.Tracer) -> None:
        self.tracer = tracer
        self._sampling = INTEGRATIONS.module("mlflow_sampling", "mlflow.tracing.sampling")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tracer, name)

    @override
    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        above = get_current_span(context)
        if isinstance(above, UnsampledSpan) or not self._is_sampled(context, name):
            return UnsampledSpan(above.get_span_context() or INVALID_SPAN_CONTEXT)
        span = self.tracer.start_span(name, context, *args, **kwargs)
        attributes = kwargs.get("attributes") or {}
        if mlflow_names.EXPERIMENT_ID in attributes and getattr(span, "parent", None) is not None:
            vars(span)["_span"] = SimpleNamespace(attributes=dict(attributes))
            if (state := span_state(span)) is not None:
                mark_followed(state.trace, str(attributes[mlflow_names.EXPERIMENT_ID]))
        return span

    @override
    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        return self.tracer.start_as_current_span(*args, **kwargs)

    def _is_sampled(self, context: Context | None, name: str) -> bool:
        """Whether MLflow's sampler keeps what starts now; below a span of MLflow's own it is kept with that."""
        sampling = self._sampling
        if sampling is None or sampling._SAMPLING_RATIO_OVERRIDE.get() is None:
            return True
        above = current_span_state(context)
        if above is not None and (above.from_mlflow or above.below_mlflow):
            return True
        return bool(sampling._MlflowSampler().should_sample(None, new_trace_id(), name).decision.is_sampled())


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
        if _OWN_CONTEXT is not None:
            _OWN_CONTEXT.detach = _leave_span

    def uninstall(self) -> None:
        """Put theirs back."""
        if _OWN_CONTEXT is not None:
            vars(_OWN_CONTEXT).pop("detach", None)
        for name, theirs in self._theirs.items():
            setattr(mlflow_provider, name, theirs)
