"""The span processor: takes each span into its trace as it starts, and notices its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, get_current_span
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.guard import guarded
from otel_mlflow.outside import CLAIMED, OUTSIDE
from otel_mlflow.spans.current import current_request_state, current_span_state, opener
from otel_mlflow.spans.generators import opening_generators
from otel_mlflow.spans.ids import is_remote, new_trace_id, span_context
from otel_mlflow.spans.own_span import Attributes, OwnSpan
from otel_mlflow.spans.propagation import (
    TRUSTED,
    MlflowSpanContext,
    believe,
    is_sampled,
    read_mlflow_span_context,
)
from otel_mlflow.spans.registry import (
    add_otel_trace_id,
    find_open_span,
    find_open_trace,
    find_span_state,
    mark_taken,
    register,
)
from otel_mlflow.spans.scopes import is_framework, is_mlflow_s
from otel_mlflow.spans.trace import SPAN_STATE, OpenTrace, SpanState, TraceIdentity, TraceOwner, span_state

if TYPE_CHECKING:
    from otel_mlflow.spans.mlflow.listener import MlflowListener


class OpenTraceSpanProcessor(SpanProcessor):
    """Gathers the spans of every tracer provider that it is added to.

    Traces that begin outside any request belong to `default_owner`, while there is one.
    """

    def __init__(self) -> None:
        self.default_owner: TraceOwner | None = None
        self.listener: MlflowListener | None = None

    @override
    @guarded
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if hasattr(span, SPAN_STATE):
            # Our provider has shown it to us, and shows it to the application's provider, where we are too.
            return
        parent = current_span_state(parent_context)
        if parent is not None:
            self.take(span, parent.trace, parent)
        elif context_api.get_value(OUTSIDE, parent_context) is None:
            self._begin(span, parent_context)

    @override
    @guarded
    def _on_ending(self, span: Span) -> None:
        """By its attribute MLflow knows an open span; the application's exporters see what they saw without us."""
        state = span_state(span)
        if state is not None and not state.from_mlflow:
            # The mapping round it is immutable from the end on, which is now.
            getattr(span._attributes, "_dict", {}).pop(mlflow_names.TRACE_REQUEST_ID, None)

    @override
    @guarded
    def on_end(self, span: ReadableSpan) -> None:
        state = _open_state(span)
        if state is None:
            return
        if span is not state.span:
            mark_taken(span)
        state.readable = span
        if (error := sys.exc_info()[1]) is not None and not isinstance(error, Exception):
            _note_cut(state, error)
        trace = state.trace
        if (observer := trace.owner.observer) is not None:
            observer.ended(span)
        if self.listener is not None:
            self.listener.ended(state)
        is_root = state is trace.root
        trace.end(state)
        if is_root and trace.tree.has_runs:
            _abandon_left_runs(trace)
        if is_root and trace.exchange is None and not trace.export.is_decided:
            self._decide(trace, span)

    def _decide(self, trace: OpenTrace, root: ReadableSpan) -> None:
        """What becomes of a trace that no request of ours is behind.

        A request that only a framework knows of, and in which nothing else happened, is not one that we were asked to
        trace: it was claimed by nobody, or its path is excluded. More of a trace that began elsewhere is kept with it.
        """
        nothing_but_framework = is_framework(root) and not trace.tree.has_inner_spans
        if nothing_but_framework or (trace.fragment and not trace.owner.samples(trace.identity.mlflow_trace_id_int)):
            trace.discard()
        else:
            trace.release()

    def take(
        self, span: Span, trace: OpenTrace, parent: SpanState | None, *, remote_parent_id: int | None = None
    ) -> SpanState:
        """Take a started span into `trace`."""
        state = trace.add(
            span,
            parent,
            remote_parent_id=remote_parent_id,
            framework=parent is not None and is_framework(span),
        )
        span.set_attribute(mlflow_names.TRACE_REQUEST_ID, trace.identity.mlflow_trace_id_json)
        add_otel_trace_id(trace, span_context(span).trace_id)
        self._note_start(state, from_mlflow=is_mlflow_s(span))
        return state

    def take_own(
        self,
        span: OwnSpan,
        trace: OpenTrace,
        parent: SpanState | None,
        *,
        remote_parent_id: int | None = None,
        attributes: Attributes | None = None,
    ) -> SpanState:
        """Take a span of our own provider's, which gets attributes here; MLflow's API writes some to each."""
        state = trace.add(
            span,
            parent,
            remote_parent_id=remote_parent_id,
            framework=parent is not None and span.from_framework,
        )
        if attributes or span.from_mlflow:
            span.set_up_attributes(attributes)
        self._note_start(state, from_mlflow=span.from_mlflow)
        return state

    def _note_start(self, state: SpanState, *, from_mlflow: bool) -> None:
        """Note what is known only where and when a span starts."""
        parent = state.parent
        if (handling := sys.exc_info()[1]) is not None:
            state.handling = id(handling)
        if from_mlflow:
            state.from_mlflow = True
        if parent is not None:
            if generators := opening_generators():
                state.trace.tree.enter(state, generators, opener())
            if parent.from_mlflow or parent.below_mlflow:
                state.below_mlflow = True
                return
        if self.listener is not None and (parent is None or from_mlflow):
            self.listener.began(state)

    def _begin(self, span: Span, parent_context: Context | None) -> None:
        """A span without a parent in this process: more of the request, of a trace from elsewhere, or a new trace."""
        above = get_current_span(parent_context).get_span_context() or INVALID_SPAN_CONTEXT
        origin = self._origin(span, above, parent_context)
        request = current_request_state() if above.is_remote and origin is None and not is_framework(span) else None
        if request is not None:
            self.take(span, request.trace, request)
        elif self.default_owner is None:
            return
        elif origin is not None:
            self._continue(self.default_owner, span, origin)
        else:
            otel_trace_id = span_context(span).trace_id
            trace_id = new_trace_id() if above.is_valid else otel_trace_id
            self.take(span, register(OpenTrace(self.default_owner, TraceIdentity(trace_id, otel_trace_id))), None)

    def _origin(
        self, span: Span | None, above: SpanContext, parent_context: Context | None
    ) -> MlflowSpanContext | None:
        """Where a caller comes from in MLflow's terms, if it is believed."""
        if not above.is_valid or self.default_owner is None:
            return None
        if self.listener is not None and (joined := self.listener.joined(span, above)) is not None:
            return joined
        if context_api.get_value(TRUSTED, parent_context) is not None:
            return read_mlflow_span_context(above)
        return believe(above, self.default_owner)

    def _continue(self, owner: TraceOwner, span: Span, origin: MlflowSpanContext) -> None:
        """More of a trace that began elsewhere, or earlier in this process."""
        otel_trace_id = span_context(span).trace_id
        parent = find_span_state(origin.trace_id, origin.span_id)
        trace = parent.trace if parent is not None else find_open_trace(origin.trace_id)
        if trace is None or is_framework(span):
            # A framework's span is another request, also where its caller is in this process.
            trace, parent = register(OpenTrace(owner, TraceIdentity(origin.trace_id, otel_trace_id))), None
        self.take(span, trace, parent, remote_parent_id=origin.span_id)

    def wants(self, context: Context | None) -> bool:
        """Whether a span that is started in this context is recorded, whatever the application's sampler decides.

        A caller that traces into MLflow has decided for all of us.
        """
        if self.default_owner is None or context_api.get_value(OUTSIDE, context) not in (None, CLAIMED):
            return False
        above = get_current_span(context)
        if not is_remote(above) or is_sampled(above.get_span_context()):
            return True
        return self._origin(None, above.get_span_context(), context) is None


def _open_state(span: ReadableSpan) -> SpanState | None:
    """The state of a span that ends: of an own one, or of one that is told of by a copy; in a forked child, none."""
    state: SpanState | None = getattr(span, SPAN_STATE, None)
    if state is None:
        return find_open_span(span_context(span))
    return state if not state.ended and state.trace.tree.spans.get(state.span_id) is state else None


def _abandon_left_runs(trace: OpenTrace) -> None:
    """LangChain does not tell the end of a model's run that a timeout cancels: it is over when its request is."""
    here = opener()
    for state in trace.tree.open_runs():
        if state.run is not None and state.run.opener == here:
            trace.abandon(state)


def _note_cut(state: SpanState, error: BaseException) -> None:
    """What unwinds the stack as the span ends is a cancellation, or a generator that nobody reads to its end.

    Only what began after the span did: a clean-up span that is opened while an exception is handled is not cut short.
    """
    if id(error) != state.handling:
        state.cut_short = state.cut_short or type(error).__name__
