"""In place of MLflow's trace manager: its fluent API finds our open traces where it looks for its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from mlflow.entities import LiveSpan, TraceInfo
from mlflow.tracing.trace_manager import InMemoryTraceManager
from opentelemetry.trace import SpanContext, get_current_span
from typing_extensions import override

from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.mlflow.views import BridgedSpan, BridgedTrace, live_span
from otel_mlflow.spans.registry import find_open_trace, find_span_state, open_traces
from otel_mlflow.spans.trace import OpenTrace, SpanState, span_state

_TRACE_ID = re.compile(r"tr-([0-9a-f]{32})")


def find_by_mlflow_id(trace_id: str | None) -> OpenTrace | None:
    """The open trace with this id; None for other ids, and for what is no id at all."""
    match = _TRACE_ID.fullmatch(trace_id or "")
    return find_open_trace(int(match[1], 16)) if match else None


def _find_state(trace_id: str | None, span_id: int) -> SpanState | None:
    """The state by ids. A span that is just ending does not tell its trace any more: MLflow's Haystack asks without."""
    if trace_id is None:
        return next((state for trace in open_traces() if (state := trace.tree.spans.get(span_id)) is not None), None)
    match = _TRACE_ID.fullmatch(trace_id)
    state = find_span_state(int(match[1], 16), span_id) if match else None
    return state if state is not None and state.trace.identity.mlflow_trace_id == trace_id else None


def _current_span(trace_id: str, span_id: int) -> LiveSpan | None:
    """The current span if it is this one: it may be over and handed over, and more is opened under it by its id."""
    span = get_current_span()
    state = span_state(span)
    if state is None or state.span_id != span_id or state.trace.identity.mlflow_trace_id != trace_id:
        return None
    return BridgedSpan(state, span)


def _current_trace() -> OpenTrace | None:
    """The trace of a current span that has ended: no attribute says its id any more.

    Such a span is current where a generator that was left opens a context late, as cancelled tasks do.
    """
    state = span_state(get_current_span())
    return state.trace if state is not None else None


class _Traces(MutableMapping[str, Any]):
    """The traces that MLflow's own code looks up by id: our open ones, and before them what MLflow keeps here."""

    def __init__(self, own: MutableMapping[str, Any]) -> None:
        self._own = own

    def __getitem__(self, trace_id: str) -> Any:
        trace = find_by_mlflow_id(trace_id)
        return BridgedTrace(trace) if trace is not None else self._own[trace_id]

    def __setitem__(self, trace_id: str, trace: Any) -> None:
        self._own[trace_id] = trace

    def __delitem__(self, trace_id: str) -> None:
        del self._own[trace_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


class BridgedTraceManager(InMemoryTraceManager):
    """MLflow's manager over our open traces.

    What `earlier` has began before ours was there, open spans among it and what MLflow's batches have yet to send. Its
    processors and exporters go on with that, and ask ours for it.
    """

    def __init__(
        self, change_ids: Callable[[SpanState, SpanContext], None], earlier: InMemoryTraceManager | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        vars(self).update(vars(earlier) if earlier is not None else {})
        self._traces: Any = _Traces(self._traces)
        self._change_ids = change_ids
        self._joined: Counter[int] = Counter()

    @override
    def get_span_from_id(self, trace_id: str | None, span_id: str) -> LiveSpan | None:
        state = _find_state(trace_id, int(span_id, 16)) if span_id else None
        if state is not None and (live := live_span(state)) is not None:
            return live
        if trace_id is None or not span_id:
            return None
        if (current := _current_span(trace_id, int(span_id, 16))) is not None:
            return current
        return super().get_span_from_id(trace_id, span_id) if find_by_mlflow_id(trace_id) is None else None

    @override
    def get_root_span_id(self, trace_id: str) -> str | None:
        trace = find_by_mlflow_id(trace_id)
        if trace is None:
            return super().get_root_span_id(trace_id)
        return f"{trace.root.span_id:016x}" if trace.root is not None else None

    @override
    @contextmanager
    def get_trace(self, trace_id: Any) -> Generator[Any, None, None]:
        trace = _current_trace() if trace_id is None else find_by_mlflow_id(trace_id)
        if trace is None:
            with super().get_trace(trace_id) as other:
                yield other
            return
        view = BridgedTrace(trace)
        before = set(trace.tags)
        yield view
        trace.note_deleted(before - trace.tags.keys())
        trace.mark_changed()

    @override
    def register_trace(self, otel_trace_id: int, trace_info: TraceInfo, is_remote_trace: bool = False) -> None:
        """MLflow tells of a caller's trace that is joined by HTTP headers; all others are registered by our processor.

        Spans that start below the caller's span from now on are the caller's trace's.
        """
        self._joined[otel_trace_id] += 1

    @override
    def pop_trace(self, otel_trace_id: int) -> Any:
        """The caller's trace is left, by one of those who joined it; or MLflow sends one that began before."""
        self._joined -= Counter({otel_trace_id: 1})
        return super().pop_trace(otel_trace_id)

    def has_joined(self, otel_trace_id: int) -> bool:
        """Whether user code has joined the trace of a caller by its HTTP headers."""
        return otel_trace_id in self._joined

    @override
    def register_span(self, span: LiveSpan) -> None:
        """A copy of a span takes the id of the original; others are in their trace since they were started.

        Or are going to be: MLflow's Haystack registers what its processor sees before ours does.
        """
        state = span_state(span._span)
        if state is not None:
            self._change_ids(state, span_context(span._span))
        elif span.trace_id in self._traces:
            super().register_span(span)

    @override
    def register_prompt(self, trace_id: str, prompt: Any) -> None:
        super().register_prompt(trace_id, prompt)
        trace = find_by_mlflow_id(trace_id)
        if trace is not None:
            trace.mark_changed()
