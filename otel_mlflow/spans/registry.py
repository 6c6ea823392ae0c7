"""The traces of this process by their MLflow id, which is all that MLflow's fluent API and a caller know of them.

Several may have one id: requests of one caller that are served at the same time, or a request and one that it sends to
its own process. The first of them stands in the index and knows the others, and they keep it alive.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_mlflow.spans.state import SpanState
    from otel_mlflow.spans.trace import OpenTrace

_FIRST: weakref.WeakValueDictionary[int, OpenTrace] = weakref.WeakValueDictionary()


def register(trace: OpenTrace) -> None:
    """Let the trace be found by its id, for as long as anything refers to it."""
    first = _FIRST.setdefault(trace.trace_id, trace)
    if first is not trace:
        trace.first = first
        first.namesakes = (*(other for other in first.namesakes if other()), weakref.ref(trace))


def unregister(trace: OpenTrace) -> None:
    """Let the trace be found by its id no more."""
    if _FIRST.get(trace.trace_id) is trace:
        del _FIRST[trace.trace_id]


def find_open_trace(trace_id: int) -> OpenTrace | None:
    """The trace with this MLflow id; where there are several, the one with the root if that is in this process."""
    known = _namesakes(trace_id)
    return next((trace for trace in known if not trace.fragment), known[0] if known else None)


def find_span_state(trace_id: int, span_id: int) -> SpanState | None:
    """The span with this id in a trace with this MLflow id, as long as the trace has open spans."""
    found = (trace.entries.get(span_id) for trace in _namesakes(trace_id))
    return next((entry for entry in found if entry is not None), None)


def _namesakes(trace_id: int) -> list[OpenTrace]:
    first = _FIRST.get(trace_id)
    if first is None:
        return []
    return [first, *(other for reference in first.namesakes if (other := reference()) is not None)]
