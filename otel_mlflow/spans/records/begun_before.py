"""Under which span one hangs that began before the span it was opened under.

Who tells of a call when it is over may name as its parent what was current then (LangSmith: the context of the last it
heard of a run). No span is part of one that began later.
"""

from __future__ import annotations

from otel_mlflow.spans.records.encoding import time_ns_of
from otel_mlflow.spans.records.exported_calls import ExportedCalls
from otel_mlflow.spans.trace import SpanState

CLOCK_STEP = 1_000
"""Nanoseconds: times that come from Python's datetimes are cut to microseconds."""


def move_up(state: SpanState, exported: ExportedCalls | None) -> None:
    """Hang the span under the nearest one above it that had begun; at the utmost, under the root."""
    began = start_time(state, exported)
    above = state.parent
    while above is not None and above.parent is not None and start_time(above, exported) > began + CLOCK_STEP:
        above = above.parent
    state.parent = above


def start_time(state: SpanState, exported: ExportedCalls | None = None) -> int:
    """In nanoseconds; 0 where the span is let go of, and no call that MLflow has."""
    span = state.readable or state.span
    if span is not None:
        return time_ns_of(span.start_time)
    return exported.start_time(state.span_id) if exported is not None else 0
