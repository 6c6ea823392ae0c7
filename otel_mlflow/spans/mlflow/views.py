"""MLflow's objects for spans and traces of ours, made when somebody asks for them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, MutableMapping
from functools import lru_cache
from typing import Any

from mlflow.entities import LiveSpan, TraceInfo, TraceLocation, TraceState
from mlflow.entities.span import _SpanAttributesRegistry
from mlflow.tracing.trace_manager import _Trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.trace import get_current_span

from otel_mlflow.spans.ids import is_remote
from otel_mlflow.spans.registry import find_span_state
from otel_mlflow.spans.trace import OpenTrace, SpanState


class _WithinOwnLimits:
    """Stands for a span of MLflow's own provider, which the environment alone limits."""

    def __init__(self) -> None:
        limits = SpanLimits()
        self.attributes = BoundedAttributes(
            limits.max_span_attributes, immutable=False, max_value_len=limits.max_span_attribute_length
        )

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep the attribute."""
        self.attributes[key] = value


@lru_cache(16)
def _are_others(limits: SpanLimits | None) -> bool:
    """Whether a provider limits attributes otherwise than MLflow's own would."""
    own = SpanLimits()
    return limits is not None and (
        limits.max_span_attributes != own.max_span_attributes
        or limits.max_span_attribute_length != own.max_span_attribute_length
    )


class _Attributes(_SpanAttributesRegistry):
    """Remembers which attributes MLflow wrote, for it writes them as JSON, and other libraries do not."""

    def __init__(self, state: SpanState, span: Any) -> None:
        super().__init__(span)
        self._json_keys = state.json_keys = set(state.json_keys)

    def set(self, key: str, value: Any) -> None:
        self._json_keys.add(key)
        super().set(key, value)


class _AttributesBeside(_Attributes):
    """Where the application's provider limits its spans, which is for its own exporters: kept beside the span, too."""

    def __init__(self, state: SpanState, span: Any) -> None:
        super().__init__(state, span)
        within: Any = _WithinOwnLimits()
        within.attributes.update(state.beside)
        self._beside = _SpanAttributesRegistry(within)
        state.beside = within.attributes

    def set(self, key: str, value: Any) -> None:
        super().set(key, value)
        if self._span.is_recording():
            self._beside.set(key, value)

    def get(self, key: str) -> Any:
        found = self._beside.get(key)
        return found if found is not None else super().get(key)


class BridgedSpan(LiveSpan):
    """MLflow's view of an open span, whoever started it. Made without writing anything to the span."""

    def __init__(self, state: SpanState, span: Any) -> None:
        self._span = span
        self._attachments = {}
        is_limited = _are_others(getattr(span, "_limits", None))
        self._attributes: Any = (_AttributesBeside if is_limited else _Attributes)(state, span)
        self._links = []
        self._original_name = span.name
        self._mlflow_trace_id = state.trace.identity.mlflow_trace_id

    @property
    def trace_id(self) -> str:
        """The MLflow id of its trace, also when the span has ended."""
        return self._mlflow_trace_id


def live_span(state: SpanState) -> LiveSpan | None:
    """MLflow's view of the span; None once the span was handed over."""
    live: LiveSpan | None = state.live or (state.holder() if state.holder is not None else None)
    if live is None and state.span is not None:
        live = BridgedSpan(state, state.span)
        if state.holder is None and state.from_mlflow:
            # MLflow gives it to whoever opens the span, who ends the span through it.
            state.holder = weakref.ref(live, lambda _: None if state.ended else state.trace.abandon(state))
        else:
            state.live = live
    return live


def trace_info(trace: OpenTrace) -> TraceInfo:
    """MLflow's info of the trace. What is written into it is read back when the trace is handed over."""
    if trace.info is None:
        trace.info = TraceInfo(
            trace_id=trace.identity.mlflow_trace_id,
            trace_location=TraceLocation.from_experiment_id("0"),
            request_time=0,
            state=TraceState.IN_PROGRESS,
            trace_metadata={},
            tags=trace.metadata.tags,
        )
    info: TraceInfo = trace.info
    return info


class _OpenSpans(MutableMapping[str, LiveSpan]):
    """The spans of an open trace by MLflow's span ids. Only the trace itself adds spans, and takes them away."""

    def __init__(self, trace: OpenTrace) -> None:
        self._trace = trace

    def __getitem__(self, span_id: str) -> LiveSpan:
        state = find_span_state(self._trace.identity.mlflow_trace_id_int, int(span_id, 16))
        live = live_span(state) if state is not None else None
        if live is None:
            raise KeyError(span_id)
        return live

    def __setitem__(self, span_id: str, span: LiveSpan) -> None:
        """Nothing to do: the span is in its trace since it was started."""

    def __delitem__(self, span_id: str) -> None:
        """Nothing to do: the span stays in its trace."""

    def __iter__(self) -> Iterator[str]:
        states = list(self._trace.tree.spans.values())
        return (f"{state.span_id:016x}" for state in states if live_span(state) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class BridgedTrace(_Trace):
    """MLflow's view of an open trace."""

    def __init__(self, trace: OpenTrace) -> None:
        spans: Any = _OpenSpans(trace)
        super().__init__(trace_info(trace), spans)
        # Below a caller's headers MLflow tells us that they are joined only if the trace is not one of this process.
        self.is_remote_trace = is_remote(get_current_span())
