"""`MlflowSpanExporter`: the spans of any tracer provider, as MLflow traces, through the same durable delivery.

Entry point `mlflow` of `opentelemetry_traces_exporter`: `OTEL_TRACES_EXPORTER=mlflow opentelemetry-instrument …`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from otel_mlflow.http.semconv import tags_of_server_span
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.caller_key import CallerKey
from otel_mlflow.spans.ids import new_trace_id, span_context
from otel_mlflow.spans.propagation import MlflowSpanContext, believe
from otel_mlflow.spans.records.encoding import time_ns_of
from otel_mlflow.spans.registry import is_taken, register
from otel_mlflow.spans.scopes import is_framework
from otel_mlflow.spans.trace import OpenTrace, SpanState, TraceIdentity

if TYPE_CHECKING:
    from otel_mlflow.delivery import Delivery
    from otel_mlflow.delivery.records import TraceRecord
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.settings import Settings
    from otel_mlflow.spans.bridge import TraceSink

REMEMBERED_SPANS = 20_000
"""Spans that are remembered after they were handed over, so that what ends under them later finds their trace."""

WAITING_SPANS = 20_000
"""Spans that wait for the first span of their trace; beyond it the oldest are handed over without."""

Waiting = dict[int, ReadableSpan]


class MlflowSpanExporter(SpanExporter):
    """Puts spans into MLflow traces and hands these over when their first span has ended.

    `settings` default to the environment and the YAML file. Raises `SettingsError` for settings that cannot be used.
    """

    observer = None
    """Spans that come this way were measured where they were made, if anywhere."""

    def __init__(self, settings: Settings | None = None, *, delivery: Delivery | None = None) -> None:
        from otel_mlflow.settings import Settings
        from otel_mlflow.spans.mlflow.process_metadata import environment_metadata
        from otel_mlflow.spans.records.writer import TraceWriter
        from otel_mlflow.startup import log_state
        from otel_mlflow.tracing import DEFAULT_SERVICE_NAME, delivery_for

        self._settings = settings if settings is not None else Settings.load()
        self._delivery = delivery if delivery is not None else delivery_for(self._settings)
        self._delivery.subscribe(log_state)
        service_name = self._settings.service_name or DEFAULT_SERVICE_NAME
        self._writer = TraceWriter(self._settings, service_name, environment_metadata)
        self.caller_key = CallerKey(self._settings.tracing.caller_key)
        self.longest_content = self._settings.tracing.max_content_bytes
        self._waiting: dict[int, Waiting] = {}
        self._handed_over: OrderedDict[int, SpanState] = OrderedDict()
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans that have ended. They are kept until the first span of their trace in this process has.

        Spans that MLflow gets already, through `instrument()` or MLflow's own processor, are left to those.
        """
        if BRIDGE.diversion is None:
            self._delivery.start(self)
        taken = [span for span in spans if not is_taken(span)]
        with self._lock:
            for span in taken:
                self._waiting.setdefault(span_context(span).trace_id, {})[span_context(span).span_id] = span
            for otel_trace_id in {span_context(span).trace_id for span in taken}:
                self._hand_over(otel_trace_id, self._waiting[otel_trace_id])
            while sum(map(len, self._waiting.values())) > WAITING_SPANS:
                self._hand_over_orphans(next(iter(self._waiting)))
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that was handed over is delivered; False where something is not."""
        return self._delivery.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Hand over what still waits for its trace's first span, and deliver."""
        with self._lock:
            for otel_trace_id in list(self._waiting):
                self._hand_over_orphans(otel_trace_id)
        self._delivery.shutdown(user=self)

    def experiments(self, exchange: Exchange | None) -> tuple[str, ...]:
        """The names that the experiment goes by; the configured one first."""
        from otel_mlflow.tracing import experiment_names

        return experiment_names(self._settings, self._delivery)

    def trace_url(self, trace_id: str) -> str:
        """Nobody asks: what was exported is over."""
        return ""

    def enqueue(self, trace: OpenTrace) -> None:
        """Queue a trace of which something is finished."""
        self._sink.put(trace)

    def write_spans(self, trace: OpenTrace, spans: list[SpanState]) -> list[bytes]:
        """Write some spans down."""
        return self._writer.write_spans(trace, spans)

    def enqueue_written(self, record: TraceRecord) -> None:
        """Queue more of a trace, which is written down already."""
        self._sink.put_written(record)

    def writes_quickly(self, state: SpanState) -> bool:
        """Whether a span is written in some microseconds, whatever else is."""
        return self._writer.writes_quickly(state)

    def let_writer_in(self) -> None:
        """Let what is queued be written on."""
        self._sink.let_writer_in()

    @property
    def _sink(self) -> TraceSink:
        """Who takes what was exported: delivery, or `testing.capture()` in its place."""
        return BRIDGE.diversion or self._delivery

    def samples(self, trace_id: int) -> bool:
        """Spans that were exported are kept: the provider's sampler has decided."""
        return True

    def nearest_exported(self, state: SpanState) -> SpanState:
        """The span itself if MLflow is going to show it, else the nearest one above it."""
        return self._writer.nearest_exported(state)

    def write(self, trace: OpenTrace, spans: list[SpanState], *, is_changed: bool) -> TraceRecord:
        """Write finished spans down."""
        return self._writer.write(trace, spans, is_changed=is_changed)

    def _hand_over(self, otel_trace_id: int, waiting: Waiting) -> None:
        """Hand over each first span that has ended with all below it, and what belongs to traces that went before."""
        for root in [span for span in waiting.values() if _is_first(span)]:
            self._hand_over_as(self._trace_of(root), _taken_below(root, waiting))
        for late in [span for span in waiting.values() if _parent_id(span) in self._handed_over]:
            if span_context(late).span_id in waiting:
                self._hand_over_as(self._handed_over[_parent_id(late)].trace, _taken_below(late, waiting))
        if not waiting:
            del self._waiting[otel_trace_id]

    def _hand_over_orphans(self, otel_trace_id: int) -> None:
        """Hand over spans whose trace's first span has not ended here, and is not waited for any longer."""
        waiting = self._waiting.pop(otel_trace_id)
        trace = register(OpenTrace(self, TraceIdentity(otel_trace_id, otel_trace_id)))
        for top in [span for span in waiting.values() if _parent_id(span) not in waiting]:
            self._hand_over_as(trace, _taken_below(top, waiting))

    def _trace_of(self, root: ReadableSpan) -> OpenTrace:
        """A trace of its own for each first span: several requests of one caller may share an OpenTelemetry trace."""
        otel_trace_id = span_context(root).trace_id
        origin = self._origin(root)
        own = otel_trace_id if root.parent is None else new_trace_id()
        identity = TraceIdentity(origin.trace_id if origin else own, otel_trace_id)
        trace = register(OpenTrace(self, identity))
        trace.tags.update(tags_of_server_span(root))
        return trace

    def _origin(self, span: ReadableSpan) -> MlflowSpanContext | None:
        """Where the span's caller comes from in MLflow's terms, if it is believed."""
        if span.parent is None or not span.parent.is_remote:
            return None
        return believe(span.parent, self, at=time_ns_of(span.start_time) / 1e9)

    def _remote_parent_id(self, span: ReadableSpan) -> int | None:
        """The id of a parent that MLflow knows of, but is not among the spans handed over with this one."""
        if span.parent is not None and not span.parent.is_remote:
            return span.parent.span_id
        origin = self._origin(span)
        return origin.span_id if origin is not None else None

    def _hand_over_as(self, trace: OpenTrace, spans: list[ReadableSpan]) -> None:
        for span in spans:
            parent = self._handed_over.get(_parent_id(span)) if not _is_first(span) else None
            state = trace.add(
                span,
                parent,
                remote_parent_id=self._remote_parent_id(span) if parent is None else None,
                framework=parent is not None and is_framework(span),
            )
            state.readable = span
            self._handed_over[state.span_id] = state
            trace.end(state)
        trace.release()
        while len(self._handed_over) > REMEMBERED_SPANS:
            self._handed_over.popitem(last=False)


def _is_first(span: ReadableSpan) -> bool:
    """Whether nothing above the span is in this process."""
    return span.parent is None or span.parent.is_remote


def _parent_id(span: ReadableSpan) -> int:
    return span.parent.span_id if span.parent is not None else 0


def _taken_below(root: ReadableSpan, waiting: Waiting) -> list[ReadableSpan]:
    """Take a span and all below it out of those that wait, parents before children."""
    children: dict[int, list[ReadableSpan]] = {}
    for span in waiting.values():
        children.setdefault(_parent_id(span), []).append(span)
    taken = [root]
    for span in taken:
        taken.extend(children.get(span_context(span).span_id, ()))
    for span in taken:
        waiting.pop(span_context(span).span_id, None)
    return taken
