"""The tracer provider that OpenTelemetry and MLflow share, and keeping our processor on it.

An application's own provider stays the application's: it keeps its sampler and exporters and is only given our
processor. Where there is none we set one, and make room for the application's if that comes later.
Private names of OpenTelemetry's that this leans on: `trace._set_tracer_provider`, through which every
`set_tracer_provider` goes whoever imported it, `trace._TRACER_PROVIDER`, and `TracerProvider._active_span_processor`.
Tested with opentelemetry-sdk 1.30 to 1.45; `tests/unit/spans/test_provider.py` fails where one changes.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from otel_mlflow.spans.ids import UniqueIdGenerator
from otel_mlflow.spans.processor import OpenTraceSpanProcessor


class _ForwardTo(SpanProcessor):
    """Shows spans of our provider to the application's, which came later: its exporters get every span."""

    def __init__(self, provider: TracerProvider) -> None:
        self._processors = provider._active_span_processor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._processors.on_start(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        self._processors.on_end(span)


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
        self._placed: TracerProvider | None = None
        self._adopted: list[TracerProvider] = []
        self._tracers: dict[tuple[int, str], trace_api.Tracer] = {}
        self._set_tracer_provider: Any = None
        self._filter = _LeftInAnotherContext()
        self._lock = threading.RLock()

    def install(self, explicit: trace_api.TracerProvider | None, service_name: str) -> None:
        """Put the processor in place: on `explicit` if given, on the global provider, or on one of our own."""
        with self._lock:
            if isinstance(explicit, TracerProvider):
                self._explicit = explicit
                self._adopt(explicit)
            if self._set_tracer_provider is None:
                self._set_tracer_provider = trace_api._set_tracer_provider
                trace_api._set_tracer_provider = self._set
                logging.getLogger("opentelemetry.context").addFilter(self._filter)
            current = trace_api.get_tracer_provider()
            if isinstance(current, TracerProvider):
                self._adopt(current)
            else:
                self._place(self._explicit or self._our_own(service_name))

    def uninstall(self) -> None:
        """Leave OpenTelemetry as it was. Our processor stays on the providers, and takes nothing more."""
        with self._lock:
            if self._set_tracer_provider is not None:
                trace_api._set_tracer_provider = self._set_tracer_provider
                self._set_tracer_provider = None
                logging.getLogger("opentelemetry.context").removeFilter(self._filter)
            if trace_api._TRACER_PROVIDER is self._placed:
                trace_api._TRACER_PROVIDER = None
            self._explicit = self._own = self._placed = None
            self._tracers.clear()

    @property
    def is_ours_alone(self) -> bool:
        """Whether nobody but us would see the spans of the provider in use."""
        return self._explicit is None and trace_api.get_tracer_provider() is self._own

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
        current = trace_api.get_tracer_provider()
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

    def _place(self, provider: TracerProvider) -> None:
        """Make it the global one, unless the application has set one of another make.

        Past OpenTelemetry's setter, which takes one provider only: that one is the application's to set.
        """
        if trace_api._TRACER_PROVIDER is None:
            self._placed = trace_api._TRACER_PROVIDER = provider

    def _set(self, tracer_provider: trace_api.TracerProvider, log: bool) -> None:
        """In place of OpenTelemetry's: the application's provider takes over from ours at any time."""
        with self._lock:
            if tracer_provider is self._placed:
                return
            before = trace_api._TRACER_PROVIDER
            self._set_tracer_provider(tracer_provider, log=log)
            if isinstance(tracer_provider, TracerProvider):
                if self._own is not None and before is self._own:
                    self._own.add_span_processor(_ForwardTo(tracer_provider))
                self._adopt(tracer_provider)

    def _adopt(self, provider: TracerProvider) -> None:
        if not any(provider is adopted for adopted in self._adopted):
            self._adopted.append(provider)
            provider.add_span_processor(self._processor)
