"""The open traces of this process by their ids.

MLflow's fluent API and a caller know of them by MLflow's; a span has OpenTelemetry's. Several may have one id: requests
of one caller that are served at the same time, or a request and one that it sends to its own process. Nothing here
keeps a trace alive, but for a few that jobs are going to continue.
"""

from __future__ import annotations

import weakref
from collections import deque

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from otel_mlflow import mlflow_names
from otel_mlflow.spans.identity import TraceIdentity
from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.trace import OpenTrace, SpanState, span_state


class _SameId:
    """The traces with one id; each of them keeps this alive."""

    __slots__ = ("__weakref__", "_traces")

    def __init__(self) -> None:
        self._traces: tuple[weakref.ref[OpenTrace], ...] = ()

    def add(self, trace: OpenTrace) -> None:
        self._traces = (*(other for other in self._traces if other() is not None), weakref.ref(trace))

    def remove(self, trace: OpenTrace) -> None:
        self._traces = tuple(other for other in self._traces if other() is not trace)

    def traces(self) -> list[OpenTrace]:
        return [trace for reference in self._traces if (trace := reference()) is not None]


KEPT_FOR_JOBS = 100
"""Traces of which somebody took a carrier that are kept in memory, so that what a job sets is added to the rest."""

_TAKEN = "_otel_mlflow_taken"

_FOR_JOBS: deque[OpenTrace] = deque(maxlen=KEPT_FOR_JOBS)

OPEN_TRACES: weakref.WeakValueDictionary[int, _SameId] = weakref.WeakValueDictionary()


def register(trace: OpenTrace) -> OpenTrace:
    """Let the trace be found by its ids, for as long as anything refers to it."""
    identity = trace.identity
    trace.registrations = (_register(trace, identity.mlflow_trace_id_int),)
    if identity.otel_trace_id != identity.mlflow_trace_id_int:
        trace.registrations += (_register(trace, identity.otel_trace_id),)
    return trace


def _register(trace: OpenTrace, trace_id: int) -> _SameId:
    same_id = OPEN_TRACES.get(trace_id)
    if same_id is None:
        same_id = OPEN_TRACES.setdefault(trace_id, _SameId())
    same_id.add(trace)
    return same_id


def keep_for_jobs(trace: OpenTrace) -> None:
    """Keep the trace in memory for a while: a job of this process is going to continue it."""
    if trace not in _FOR_JOBS:
        _FOR_JOBS.append(trace)


def forget_kept() -> None:
    """Keep none any longer."""
    _FOR_JOBS.clear()


def change_mlflow_trace_id(trace: OpenTrace, mlflow_trace_id_int: int) -> None:
    """Give the trace another MLflow id; spans that are open already are part of it."""
    for same_id in trace.registrations:
        same_id.remove(trace)
    trace.identity = TraceIdentity(mlflow_trace_id_int, trace.identity.otel_trace_id)
    register(trace)


def change_ids(state: SpanState, context: SpanContext) -> None:
    """An open span was given other ids."""
    if state.span_id != context.span_id:
        state.trace.tree.renumber(state, context.span_id)
    add_otel_trace_id(state.trace, context.trace_id)


def add_otel_trace_id(trace: OpenTrace, trace_id: int) -> None:
    """One of its spans has this id, below a span of another provider's perhaps: the trace is found by it, too."""
    identity = trace.identity
    if trace_id not in (identity.otel_trace_id, identity.mlflow_trace_id_int):
        trace.registrations += (_register(trace, trace_id),)


def continue_in_child() -> None:
    """In a forked child: the open spans are the parent's, and the open traces go on here without their roots."""
    for trace in open_traces():
        trace.continue_in_child()


def open_traces() -> set[OpenTrace]:
    """The traces that anything refers to."""
    found = [reference() for reference in OPEN_TRACES.valuerefs()]
    return {trace for same_id in found if same_id is not None for trace in same_id.traces()}


def mark_taken(span: ReadableSpan) -> None:
    """Note on the copy of a span that has ended that MLflow gets it through us."""
    setattr(span, _TAKEN, True)


def is_taken(span: ReadableSpan) -> bool:
    """Whether MLflow gets the span through us, or through a processor of its own."""
    if (
        hasattr(span, _TAKEN)
        or span_state(span) is not None
        or mlflow_names.TRACE_REQUEST_ID in (span.attributes or {})
    ):
        return True
    return find_open_span(span_context(span)) is not None


def find_open_trace(mlflow_trace_id_int: int) -> OpenTrace | None:
    """The trace with this MLflow id; where there are several, the one with the root if that is in this process."""
    traces = [t for t in _traces_with(mlflow_trace_id_int) if t.identity.mlflow_trace_id_int == mlflow_trace_id_int]
    return next((trace for trace in traces if not trace.fragment), traces[0] if traces else None)


def find_span_state(trace_id: int, span_id: int) -> SpanState | None:
    """The span with this id in a trace with this id, MLflow's or OpenTelemetry's, until the span was handed over."""
    for trace in _traces_with(trace_id):
        if (state := trace.tree.spans.get(span_id)) is not None:
            return state
    return None


def find_open_span(context: SpanContext) -> SpanState | None:
    """The span of this process with these ids, until it has ended."""
    state = find_span_state(context.trace_id, context.span_id)
    return state if state is not None and not state.ended else None


def _traces_with(trace_id: int) -> list[OpenTrace]:
    same_id = OPEN_TRACES.get(trace_id)
    return same_id.traces() if same_id is not None else []
