"""The tracer that MLflow's API starts spans with: the shared provider's, and what MLflow says of roots.

Inside a request, what MLflow alone would take for a root has the request's span above it:

* `sampling_ratio_override` decides about it as about a root: MLflow's own sampler is asked. What is not sampled is
  left out with all below it.
* `trace_destination` and `experiment_id` choose the experiment of the request's trace (`destinations.py`). MLflow takes
  the attribute away again, because there is a span above, and stumbles over its own span, so that the span and all
  below it would be lost: it is given something to take it from.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, Span, get_current_span
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.current import current_span_state
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.mlflow.destinations import mark_followed
from otel_mlflow.spans.trace import span_state


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
