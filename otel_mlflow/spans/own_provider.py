"""Our own tracer provider, for an application that has none: its spans take a short way while nobody else sees them."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, Tracer
from opentelemetry.sdk.trace import TracerProvider as SDKTracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from typing_extensions import override

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.settings.environment import text_of
from otel_mlflow.spans.ids import UniqueIdGenerator
from otel_mlflow.spans.own_span import OwnProcessors
from otel_mlflow.spans.own_tracer import OwnTracer
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.sampler import RecordingSampler, is_dropped
from otel_mlflow.spans.scopes import is_another_s

_METRICS = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"
"""Environment variable of the SDK's: it counts the spans that its tracers start."""


class OwnTracerProvider(SDKTracerProvider):
    """Shows its spans to our processor, and to the application's provider if that comes later."""

    def __init__(self, processor: OpenTraceSpanProcessor, service_name: str) -> None:
        self.own_sampler = RecordingSampler(DEFAULT_ON, processor.wants)
        self._own_processors = OwnProcessors(processor)
        super().__init__(
            sampler=self.own_sampler,
            resource=Resource.create({"service.name": service_name}),
            id_generator=UniqueIdGenerator(),
            shutdown_on_exit=False,
            active_span_processor=self._own_processors,
        )
        # OTEL_SDK_DISABLED counts below tracing.enabled: where that is true all the same, so are the spans.
        self._disabled = False
        self._processor = processor
        self.is_ours_alone = True
        """Whether nobody but us sees the spans: no processor was added, and no application's provider has come."""
        self._flavours: set[type[SpanProcessor]] = set()
        self._own_tracers: dict[trace_api.Tracer, trace_api.Tracer] = {}

    @override
    def get_tracer(self, *args: Any, **kwargs: Any) -> trace_api.Tracer:
        tracer = super().get_tracer(*args, **kwargs)
        if tracer not in self._own_tracers:
            self._own_tracers[tracer] = self._own_tracer(tracer)
        return self._own_tracers[tracer]

    @override
    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        if not type(span_processor).__module__.startswith("mlflow."):
            self.is_ours_alone = False
            super().add_span_processor(span_processor)
        elif type(span_processor) not in self._flavours:
            self._flavours.add(type(span_processor))
            super().add_span_processor(_OthersSpans(span_processor))

    def _own_tracer(self, tracer: trace_api.Tracer) -> trace_api.Tracer:
        """One of ours in its place, unless the SDK is switched off, counts its spans, or makes others than it did."""
        is_counted = text_of(_METRICS).lower() == "true"
        if not isinstance(tracer, Tracer) or is_counted or not INTEGRATIONS.works("opentelemetry_spans"):
            return tracer
        own = OwnTracer(tracer, self._processor)
        if (failure := own.check()) is None:
            return own
        INTEGRATIONS.leave_out("opentelemetry_spans", failure)
        return tracer

    def show_to(self, application: SDKTracerProvider, processors: SpanProcessor | None) -> None:
        """The application has a provider now: its sampler decides, and its processors see what they would have made."""
        self._own_processors.has_only_ours = self.is_ours_alone = False
        self.own_sampler.application = application.sampler
        if processors is not None:
            self.add_span_processor(_ForwardTo(processors))


class _OthersSpans(SpanProcessor):
    """Shows a processor of one of MLflow's flavours the spans that it would see without us: not MLflow's, nor ours.

    MLflow's have a provider of their own then. Semantic Kernel's would make each the current one, and take its type.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if is_another_s(span):
            self._processor.on_start(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if is_another_s(span):
            self._processor.on_end(span)


class _ForwardTo(SpanProcessor):
    """Shows spans of our provider to the application's, which came later: its exporters get every span."""

    def __init__(self, processors: SpanProcessor) -> None:
        self._processors = processors

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if not is_dropped(span):
            self._processors.on_start(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if not is_dropped(span):
            self._processors.on_end(span)
