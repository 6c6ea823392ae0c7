"""The open traces of this process by their MLflow id, which is all that MLflow's fluent API and a caller know of them.

Several may have one id: requests of one caller that are served at the same time, or a request and one that it sends to
its own process. Nothing here keeps a trace alive, but for a few that jobs are going to continue.
"""

from __future__ import annotations

import weakref
from collections import deque

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow import mlflow_names
from otel_mlflow.spans.identity import TraceIdentity
from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.trace import OpenTrace, SpanState


class _SameId:
    """The traces with one MLflow id; each of them keeps this alive."""

    __slots__ = ("__weakref__", "_traces")

    def __init__(self) -> None:
        self._traces: tuple[weakref.ref[OpenTrace], ...] = ()

    def add(self, trace: OpenTrace) -> None:
        self._traces = (*(other for other in self._traces if other() is not None), weakref.ref(trace))

    def remove(self, trace: OpenTrace) -> None:
        self._traces = tuple(other for other in self._traces if other() is not trace)

    def traces(self) -> list[OpenTrace]:
        return [trace for reference in self._traces if (trace := reference()) is not None]


OPEN_SPANS: weakref.WeakValueDictionary[int, SpanState] = weakref.WeakValueDictionary()
"""The spans that have started and not ended, by OpenTelemetry's id.

The span objects keep their states: those that nobody ends, and nobody can any more, go by themselves.
"""

KEPT_FOR_JOBS = 100
"""Traces of which somebody took a carrier that are kept in memory, so that what a job sets is added to the rest."""

_TAKEN = "_otel_mlflow_taken"

_FOR_JOBS: deque[OpenTrace] = deque(maxlen=KEPT_FOR_JOBS)

_BY_ID: weakref.WeakValueDictionary[int, _SameId] = weakref.WeakValueDictionary()


def register(trace: OpenTrace) -> OpenTrace:
    """Let the trace be found by its MLflow id, for as long as anything refers to it."""
    same_id = _BY_ID.setdefault(trace.identity.mlflow_trace_id_int, _SameId())
    same_id.add(trace)
    trace.registration = same_id
    return trace


def keep_for_jobs(trace: OpenTrace) -> None:
    """Keep the trace in memory for a while: a job of this process is going to continue it."""
    if trace not in _FOR_JOBS:
        _FOR_JOBS.append(trace)


def forget_kept() -> None:
    """Keep none any longer."""
    _FOR_JOBS.clear()


def change_mlflow_trace_id(trace: OpenTrace, mlflow_trace_id_int: int) -> None:
    """Give the trace another MLflow id; spans that are open already are part of it."""
    same_id = _BY_ID.get(trace.identity.mlflow_trace_id_int)
    if same_id is not None:
        same_id.remove(trace)
    trace.identity = TraceIdentity(mlflow_trace_id_int, trace.identity.otel_trace_id)
    register(trace)


def change_span_id(state: SpanState, span_id: int) -> None:
    """Give an open span another id."""
    if state.span_id != span_id:
        OPEN_SPANS[span_id] = OPEN_SPANS.pop(state.span_id)
        state.trace.tree.renumber(state, span_id)


def continue_in_child() -> None:
    """In a forked child: the open spans are the parent's, and the open traces go on here without their roots."""
    OPEN_SPANS.clear()
    for trace in [trace for same_id in _BY_ID.values() for trace in same_id.traces()]:
        trace.continue_in_child()


def mark_taken(span: ReadableSpan) -> None:
    """Note on a span that has ended that MLflow gets it through us."""
    setattr(span, _TAKEN, True)


def is_taken(span: ReadableSpan) -> bool:
    """Whether MLflow gets the span through us, or through a processor of its own."""
    in_hand = hasattr(span, _TAKEN) or span_context(span).span_id in OPEN_SPANS
    return in_hand or mlflow_names.TRACE_REQUEST_ID in (span.attributes or {})


def find_open_trace(mlflow_trace_id_int: int) -> OpenTrace | None:
    """The trace with this MLflow id; where there are several, the one with the root if that is in this process."""
    traces = _traces_with(mlflow_trace_id_int)
    return next((trace for trace in traces if not trace.fragment), traces[0] if traces else None)


def find_span_state(mlflow_trace_id_int: int, span_id: int) -> SpanState | None:
    """The span with this id in a trace with this MLflow id, until the span was handed over."""
    found = (trace.tree.spans.get(span_id) for trace in _traces_with(mlflow_trace_id_int))
    return next((state for state in found if state is not None), None)


def _traces_with(mlflow_trace_id_int: int) -> list[OpenTrace]:
    same_id = _BY_ID.get(mlflow_trace_id_int)
    return same_id.traces() if same_id is not None else []
