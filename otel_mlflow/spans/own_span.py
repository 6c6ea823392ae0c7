"""The spans of our own provider while nobody but us sees them, made without what most of them never use.

OpenTelemetry's SDK gives each span a mapping of attributes and lists of events and links, with a lock each, and copies
it when it ends. What all spans of a tracer share is on a class here, taken from a span that the SDK has made; an own
span's attributes, events and links are made when somebody asks for them; and it is its own copy once it has ended. All
else is the SDK's. Fewer objects a span are fewer for the garbage collector to carry along until the trace is written.
Private names that this leans on: the attributes of the SDK's spans in `_OWN` and `_ON_DEMAND`, and that a span context
is a tuple. Where one of them is gone, the SDK makes all spans (`check`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import time_ns
from types import MappingProxyType
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, Span, SpanProcessor, SynchronousMultiSpanProcessor, Tracer
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.util import types
from opentelemetry.util.types import AttributeValue
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.spans.ids import random_bits
from otel_mlflow.spans.on_demand import OnDemand
from otel_mlflow.spans.scopes import is_framework, is_mlflow_s
from otel_mlflow.spans.trace import SPAN_STATE

Attributes = Mapping[str, AttributeValue]

_FLAGS = TraceFlags(TraceFlags.SAMPLED | getattr(TraceFlags, "RANDOM_TRACE_ID", 0))
"""Of a span that begins a trace: our ids are random."""

_NO_STATE = TraceState()
_NO_ATTRIBUTES: Attributes = MappingProxyType({})

_OWN = ("_name", "_context", "_parent", "_kind", "_start_time", "_end_time")
"""What differs from span to span."""

_ON_DEMAND = ("_attributes", "_events", "_links", "_lock")
"""What most spans do without."""

_SHARED = ("_limits", "_span_processor")
"""What is read here of what all spans of a tracer have."""


def _new_context(trace_id: int, span_id: int, flags: int, state: TraceState) -> SpanContext:
    """A valid context, made without the checks of the API's constructor."""
    return tuple.__new__(SpanContext, (trace_id, span_id, False, flags, state, True))


class OwnProcessors(SynchronousMultiSpanProcessor):
    """The processors of our own provider: ours is called without a detour for as long as it is the only one."""

    def __init__(self, ours: SpanProcessor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ours = ours
        self.has_only_ours = True
        """Whether ours is the only one, and the application has no provider that is shown the spans."""
        vars(self).update(on_start=ours.on_start, _on_ending=ours._on_ending, on_end=ours.on_end)

    @override
    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        self.has_only_ours = False
        if "on_start" in vars(self):
            super().add_span_processor(self._ours)
            del vars(self)["on_start"], vars(self)["_on_ending"], vars(self)["on_end"]
        super().add_span_processor(span_processor)


class OwnSpan(Span):
    """A span that OpenTelemetry's SDK, MLflow and user code take for one of the SDK's."""

    _context: SpanContext
    _parent: SpanContext | None = None
    _kind = SpanKind.INTERNAL
    _end_time: int | None = None
    _attributes: Any = OnDemand(lambda span: span.new_attributes())
    _events: Any = OnDemand(lambda span: BoundedList(span._limits.max_events))
    _links: Any = OnDemand(lambda span: BoundedList(span._limits.max_links))
    _lock: Any = OnDemand(lambda span: threading.Lock())
    _span_processor: OwnProcessors
    from_mlflow = False
    """Whether MLflow's API opened it."""
    from_framework = False
    """Whether a web framework opened it about itself."""
    has_attributes = False
    """Whether they were made: most spans have none."""

    def set_up_attributes(self, given: Attributes | None) -> None:
        """Make what a span takes that is going to have attributes."""
        self._attributes, self._lock = self.new_attributes(given), threading.Lock()

    def new_attributes(self, given: Attributes | None = None) -> BoundedAttributes:
        """Attributes for the span. By one of them MLflow knows an open span: it is gone with the end."""
        self.has_attributes = True
        attributes = dict(given or {})
        is_open = self._end_time is None
        if is_open and (state := getattr(self, SPAN_STATE, None)) is not None:
            attributes[mlflow_names.TRACE_REQUEST_ID] = state.trace.identity.mlflow_trace_id_json
        limits = self._limits
        return BoundedAttributes(
            limits.max_span_attributes,
            attributes,
            immutable=not is_open,
            max_value_len=limits.max_span_attribute_length,
        )

    @override
    def get_span_context(self) -> SpanContext:
        return self._context

    @property
    @override
    def attributes(self) -> types.Attributes:
        return super().attributes if self.has_attributes or self._end_time is None else _NO_ATTRIBUTES

    @property
    @override
    def events(self) -> Sequence[Event]:
        return super().events if "_events" in vars(self) else ()

    @property
    @override
    def links(self) -> Sequence[Link]:
        return super().links if "_links" in vars(self) else ()

    @override
    def end(self, end_time: int | None = None) -> None:
        now = end_time if end_time is not None else time_ns()
        # Nothing is called between the two lines, so no other thread gets its turn there.
        if self._end_time is not None:
            super().end()  # which says that it has ended
            return
        self._end_time = now
        if self.has_attributes:
            self._attributes._immutable = True
            if not self.from_mlflow:
                self._attributes._dict.pop(mlflow_names.TRACE_REQUEST_ID, None)
        self._span_processor.on_end(self)


def has_only_our_processor(span: object) -> bool:
    """Whether nobody but us sees the span, so that it need not say what we know."""
    return isinstance(span, OwnSpan) and span._span_processor.has_only_ours


class SpanMaker:
    """Makes the spans of one tracer of the SDK's."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._kind: tuple[object, type[OwnSpan]] = (None, OwnSpan)

    def check(self) -> str | None:
        """What the SDK's spans have no longer, else None."""
        names = (*_OWN, *_ON_DEMAND, *_SHARED)
        missing = [name for name in names if name not in vars(self._example())]
        if missing:
            return f"the SDK's spans have no {', '.join(missing)}"
        usual = SpanContext(1, 2, False, _FLAGS, _NO_STATE)
        return (
            None if tuple(_new_context(1, 2, _FLAGS, _NO_STATE)) == tuple(usual) else "span contexts are other tuples"
        )

    def make(self, name: str, above: SpanContext, kind: SpanKind, start_time: int | None) -> OwnSpan:
        """A span that has started below another, or below none where `above` is not valid."""
        trace_id, _, _, flags, state, is_valid = above
        span_id = random_bits(64) or 1
        span: OwnSpan = object.__new__(self._find_class())
        span._name = name
        if kind is not SpanKind.INTERNAL:
            span._kind = kind
        if is_valid:
            span._parent = above
            span._context = _new_context(trace_id, span_id, flags, state)
        else:
            span._context = _new_context(random_bits(128) or 1, span_id, _FLAGS, _NO_STATE)
        span._start_time = start_time if start_time is not None else time_ns()
        return span

    def _find_class(self) -> type[OwnSpan]:
        """The class with what all spans of the tracer have. The SDK gives those of a forked child another resource."""
        resource, kind = self._kind
        if resource is not self._tracer.resource:
            resource = self._tracer.resource
            kind = self._new_class()
            # Both at once: other threads make spans meanwhile.
            self._kind = resource, kind
        return kind

    def _new_class(self) -> type[OwnSpan]:
        example = self._example()
        shared = {name: value for name, value in vars(example).items() if name not in _OWN + _ON_DEMAND}
        scope = {"from_mlflow": is_mlflow_s(example), "from_framework": is_framework(example)}
        return type(OwnSpan.__name__, (OwnSpan,), shared | scope)

    def _example(self) -> OwnSpan:
        """A span as the SDK makes it."""
        tracer = self._tracer
        return OwnSpan(
            "",
            INVALID_SPAN_CONTEXT,
            sampler=tracer.sampler,
            resource=tracer.resource,
            span_processor=tracer.span_processor,
            instrumentation_info=tracer.instrumentation_info,
            limits=tracer._span_limits,
            instrumentation_scope=tracer._instrumentation_scope,
        )
