"""The tracer provider that OpenTelemetry and MLflow share, and keeping our processor on it.

An application's own provider stays the application's: it keeps its sampler and exporters and is only given our
processor. Where there is none we set one, and make room for the application's if that comes later.
"""

from __future__ import annotations

import logging
import threading

from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.global_provider import GlobalTracerProvider
from otel_mlflow.spans.ids import UniqueIdGenerator
from otel_mlflow.spans.processor import OpenTraceSpanProcessor


class _ForwardTo(SpanProcessor):
    """Shows spans of our provider to the application's, which came later: its exporters get every span."""

    def __init__(self, processors: SpanProcessor) -> None:
        self._processors = processors

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._processors.on_start(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        self._processors.on_end(span)


def _forward(ours: TracerProvider, application_s: TracerProvider) -> None:
    processors = getattr(application_s, "_active_span_processor", None)
    if isinstance(processors, SpanProcessor):
        ours.add_span_processor(_ForwardTo(processors))
    else:
        INTEGRATIONS.leave_out("opentelemetry_provider", "TracerProvider._active_span_processor is not there")


class _LeftInAnotherContext(logging.Filter):
    """Silences OpenTelemetry's complaint about a span that is left in another context than it was entered in.

    It happens to every generator that is stepped through, or closed, by another task or thread than the one that
    began it, and it changes nothing: the context that was entered is gone.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, ValueError) and "different Context" in str(error))


class SharedTracerProvider:
    """Keeps `processor` on whatever tracer provider spans are made with."""

    def __init__(self, processor: OpenTraceSpanProcessor) -> None:
        self._processor = processor
        self._explicit: TracerProvider | None = None
        self._own: TracerProvider | None = None
        self._global = GlobalTracerProvider()
        self._adopted: list[TracerProvider] = []
        self._tracers: dict[tuple[int, str], trace_api.Tracer] = {}
        self._filter = _LeftInAnotherContext()
        self._lock = threading.RLock()

    def install(self, explicit: trace_api.TracerProvider | None, service_name: str) -> None:
        """Put the processor in place: on `explicit` if given, on the global provider, or on one of our own."""
        with self._lock:
            if isinstance(explicit, TracerProvider):
                self._explicit = explicit
                self._adopt(explicit)
            self._global.watch(self._follow)
            logging.getLogger("opentelemetry.context").addFilter(self._filter)
            current = self._global.current()
            if isinstance(current, TracerProvider):
                self._adopt(current)
            else:
                self._global.place(self._explicit or self._our_own(service_name))

    def uninstall(self) -> None:
        """Leave OpenTelemetry as it was. Our processor stays on the providers, and takes nothing more."""
        with self._lock:
            self._global.restore()
            logging.getLogger("opentelemetry.context").removeFilter(self._filter)
            self._explicit = self._own = None
            self._tracers.clear()

    @property
    def is_ours_alone(self) -> bool:
        """Whether nobody but us would see the spans of the provider in use."""
        return self._explicit is None and self._global.current() is self._own

    def tracer(self, name: str) -> trace_api.Tracer:
        """A tracer of the provider in use."""
        provider = self._in_use()
        key = (id(provider), name)
        tracer = self._tracers.get(key)
        if tracer is None:
            tracer = self._tracers[key] = provider.get_tracer(name)
        return tracer

    def _in_use(self) -> trace_api.TracerProvider:
        if self._explicit is not None:
            return self._explicit
        current = self._global.current()
        if isinstance(current, TracerProvider) or self._own is None:
            return current
        return self._own

    def _our_own(self, service_name: str) -> TracerProvider:
        if self._own is None:
            self._own = TracerProvider(
                resource=Resource.create({"service.name": service_name}),
                id_generator=UniqueIdGenerator(),
                shutdown_on_exit=False,
            )
            self._adopt(self._own)
        return self._own

    def _follow(self, before: trace_api.TracerProvider | None, tracer_provider: trace_api.TracerProvider) -> None:
        """The application's provider takes over from ours, at any time."""
        with self._lock:
            if isinstance(tracer_provider, TracerProvider):
                if self._own is not None and before is self._own:
                    _forward(self._own, tracer_provider)
                self._adopt(tracer_provider)

    def _adopt(self, provider: TracerProvider) -> None:
        if not any(provider is adopted for adopted in self._adopted):
            self._adopted.append(provider)
            provider.add_span_processor(self._processor)
