"""The span processor: takes each span into its trace as it starts, and notices its end."""

from __future__ import annotations

import sys
from weakref import WeakValueDictionary

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, get_current_span
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.guard import guarded
from otel_mlflow.spans.current import current_span_state, opener, opening_generators
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.observer import SpanListener
from otel_mlflow.spans.propagation import MlflowSpanContext, read_mlflow_span_context
from otel_mlflow.spans.registry import find_open_trace, find_span_state
from otel_mlflow.spans.state import SpanState, span_context, span_state
from otel_mlflow.spans.trace import OpenTrace, Owner

OUTSIDE = context_api.create_key("otel-mlflow-outside")
"""Context key: what starts here without a parent of ours is none of ours (an excluded request, a root to come)."""

_FRAMEWORK_SCOPES = frozenset(
    {
        "fastapi",
        "opentelemetry.instrumentation.asgi",
        "opentelemetry.instrumentation.fastapi",
        "opentelemetry.instrumentation.starlette",
    }
)


class OpenTraceSpanProcessor(SpanProcessor):
    """Gathers the spans of every tracer provider that it is added to.

    Traces that begin outside any request belong to `default_owner`, while there is one.
    """

    def __init__(self) -> None:
        self.default_owner: Owner | None = None
        self.listener: SpanListener | None = None
        # The span objects keep their entries: those that nobody ends, and nobody can any more, go by themselves.
        self._open: WeakValueDictionary[int, SpanState] = WeakValueDictionary()

    @override
    @guarded
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if span_state(span) is not None:
            # Our provider has shown it to us, and shows it to the application's provider, where we are too.
            return
        parent = current_span_state(parent_context)
        if parent is not None:
            self.take(span, parent.trace, parent)
        elif context_api.get_value(OUTSIDE, parent_context) is None:
            self._take_below(get_current_span(parent_context).get_span_context() or INVALID_SPAN_CONTEXT, span)

    @override
    @guarded
    def on_end(self, span: ReadableSpan) -> None:
        entry = self._open.pop(span_context(span).span_id, None)
        if entry is None:
            return
        entry.readable = span
        entry.cut_short = entry.cut_short or _cut_short(entry)
        trace = entry.trace
        if (recorder := trace.owner.recorder) is not None:
            recorder.ended(span)
        if self.listener is not None:
            self.listener.ended(entry)
        trace.end(entry)
        if entry is trace.root and trace.exchange is None and not trace.released:
            self._decide(trace, span)

    def _decide(self, trace: OpenTrace, root: ReadableSpan) -> None:
        """What becomes of a trace that no request of ours is behind.

        A request that only a framework knows of, and in which nothing else happened, is not one that we were asked to
        trace: it was adopted by nobody, or its path is excluded. More of a trace that began elsewhere is kept with it.
        """
        nothing_but_framework = is_framework(root) and trace.seen_spans <= 1
        if nothing_but_framework or (trace.fragment and not trace.owner.samples(trace.trace_id)):
            trace.discard()
        else:
            trace.release()

    def take(
        self, span: Span, trace: OpenTrace, parent: SpanState | None, *, remote_parent_id: int | None = None
    ) -> SpanState:
        """Take a started span into `trace`."""
        entry = trace.add(
            span, parent, remote_parent_id=remote_parent_id, framework=parent is not None and is_framework(span)
        )
        self._open[entry.span_id] = entry
        entry.handling = id(sys.exc_info()[1])
        span.set_attribute(mlflow_names.TRACE_REQUEST_ID, trace.request_id_json)
        if parent is not None and (generators := opening_generators()):
            trace.enter(entry, generators, opener())
        if self.listener is not None:
            self.listener.started(entry)
        return entry

    def _take_below(self, above: SpanContext, span: Span) -> None:
        """A span with no span of ours above it, or one that records nothing and stands for one of ours that does.

        Spans of the latter kind are what MLflow opens while its tracing is disabled.
        """
        parent = self._open.get(above.span_id) if not above.is_remote else None
        if parent is not None:
            self.take(span, parent.trace, parent)
        elif self.default_owner is not None:
            self._begin(self.default_owner, span, above)

    def _begin(self, owner: Owner, span: Span, remote: SpanContext) -> None:
        """A span without a parent in this process: a trace of its own, or more of a trace that began elsewhere."""
        origin = self._origin(remote) if remote.is_valid else None
        otel_trace_id = span_context(span).trace_id
        if origin is None:
            trace_id = new_trace_id() if remote.is_valid else otel_trace_id
            self.take(span, OpenTrace(owner, trace_id, otel_trace_id=otel_trace_id), None)
            return
        parent = find_span_state(origin.trace_id, origin.span_id)
        trace = parent.trace if parent is not None else find_open_trace(origin.trace_id)
        if trace is None or is_framework(span):
            # A framework's span is another request, also where its caller is in this process.
            trace, parent = OpenTrace(owner, origin.trace_id, otel_trace_id=otel_trace_id), None
        self.take(span, trace, parent, remote_parent_id=origin.span_id)

    def _origin(self, remote: SpanContext) -> MlflowSpanContext | None:
        joined = self.listener.joined(remote) if self.listener is not None else None
        return joined or read_mlflow_span_context(remote)

    def renumber(self, entry: SpanState, span_id: int) -> None:
        """Give an open span another id."""
        if entry.span_id != span_id:
            self._open[span_id] = self._open.pop(entry.span_id)
            entry.trace.renumber(entry, span_id)

    def find_open(self, span_id: int) -> SpanState | None:
        """The open span with this id."""
        return self._open.get(span_id)

    def open_span_states(self) -> list[SpanState]:
        """The spans that have started and not ended."""
        return list(self._open.values())

    def forget_open(self) -> None:
        """In a forked child: the open spans are the parent's."""
        self._open = WeakValueDictionary()


def is_framework(span: ReadableSpan) -> bool:
    """Whether a web framework or its instrumentation opened the span about itself."""
    scope = span.instrumentation_scope
    return scope is not None and scope.name in _FRAMEWORK_SCOPES


def is_server_span(entry: SpanState | None) -> bool:
    """Whether the span is one that a framework opened for a whole request."""
    return entry is not None and entry.span is not None and entry.span.kind is SpanKind.SERVER


def _cut_short(entry: SpanState) -> str | None:
    """What is unwinding the stack as the span ends: a cancellation, or a generator that nobody reads to its end.

    Only what began after the span did: a clean-up span that is opened while an exception is handled is not cut short.
    """
    error = sys.exc_info()[1]
    if error is None or isinstance(error, Exception) or id(error) == entry.handling:
        return None
    return type(error).__name__
