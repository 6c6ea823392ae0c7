"""The open traces of this process by their ids.

MLflow's fluent API and a caller know of them by MLflow's; a span has OpenTelemetry's. Several may have one id: requests
of one caller that are served at the same time, or a request and one that it sends to its own process. Nothing here
keeps a trace alive, but for a few that jobs are going to continue.
"""

from __future__ import annotations

import weakref
from collections import deque
from contextlib import suppress

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from otel_mlflow import mlflow_names
from otel_mlflow.spans.export_state import ExportState
from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.trace import OpenTrace, SpanState, SpanTree, TraceIdentity, span_state


class _Registration(weakref.ref[OpenTrace]):
    """A trace under one of its ids."""

    __slots__ = ("trace_id",)
    trace_id: int


KEPT_FOR_JOBS = 100
"""Traces of which somebody took a carrier that are kept in memory, so that what a job sets is added to the rest."""

_TAKEN = "_otel_mlflow_taken"

_FOR_JOBS: deque[OpenTrace] = deque(maxlen=KEPT_FOR_JOBS)

OPEN_TRACES: dict[int, list[_Registration]] = {}
"""By id, in the order in which they were registered."""


def register(trace: OpenTrace) -> OpenTrace:
    """Let the trace be found by its ids, for as long as anything refers to it."""
    identity = trace.identity
    _register(trace, identity.mlflow_trace_id_int)
    if identity.otel_trace_id != identity.mlflow_trace_id_int:
        _register(trace, identity.otel_trace_id)
    return trace


def _register(trace: OpenTrace, trace_id: int) -> None:
    registration = _Registration(trace, _forget)
    registration.trace_id = trace_id
    same_id: list[_Registration] | None = None
    # Once, unless the last trace with this id is forgotten just now.
    while same_id is None or OPEN_TRACES.get(trace_id) is not same_id:
        same_id = OPEN_TRACES.setdefault(trace_id, [])
        same_id.append(registration)


def _forget(registration: _Registration) -> None:
    """Called when the trace is gone, in any thread and in the middle of anything: takes no lock."""
    same_id = OPEN_TRACES.get(registration.trace_id, [])
    with suppress(ValueError):
        same_id.remove(registration)
    if not same_id:
        OPEN_TRACES.pop(registration.trace_id, None)


def keep_for_jobs(trace: OpenTrace) -> None:
    """Keep the trace in memory for a while: a job of this process is going to continue it."""
    if trace not in _FOR_JOBS:
        _FOR_JOBS.append(trace)


def forget_kept() -> None:
    """Keep none any longer."""
    _FOR_JOBS.clear()


def change_mlflow_trace_id(trace: OpenTrace, mlflow_trace_id_int: int) -> None:
    """Give the trace another MLflow id; spans that are open already are part of it."""
    for trace_id in (trace.identity.mlflow_trace_id_int, trace.identity.otel_trace_id):
        for registration in OPEN_TRACES.get(trace_id, []).copy():
            if registration() is trace:
                _forget(registration)
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
    if trace_id not in (identity.otel_trace_id, identity.mlflow_trace_id_int) and trace not in _traces_with(trace_id):
        _register(trace, trace_id)


def continue_in_child() -> None:
    """In a forked child: the open spans are the parent's, and the open traces go on here without their roots."""
    for trace in open_traces():
        _continue(trace)


def _continue(trace: OpenTrace) -> None:
    """What has started is the parent's, and what ends from now on is more of its trace."""
    trace.tree, trace.export = SpanTree(), ExportState()
    trace.tree.is_new = False
    trace.root, trace.counted, trace.fragment = None, False, True
    trace.metadata.sent_tags, trace.metadata.joined_as = trace.explicit_tags, None
    if trace.owner.samples(trace.identity.mlflow_trace_id_int):
        trace.export.keep()
    else:
        trace.export.discard()


def open_traces() -> set[OpenTrace]:
    """The traces that anything refers to."""
    return {trace for trace_id in list(OPEN_TRACES) for trace in _traces_with(trace_id)}


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
    return [trace for each in same_id.copy() if (trace := each()) is not None] if same_id else []
