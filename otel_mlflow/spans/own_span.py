"""The spans of our own provider while nobody but us sees them, made without what most of them never use.

OpenTelemetry's SDK gives each span a mapping of attributes and lists of events and links, with a lock each, and copies
it when it ends. An own span is a copy of a prototype that the SDK has made; its attributes, events and links are made
when somebody asks for them; and it is its own copy once it has ended. All else is the SDK's. Fewer objects a span are
fewer for the garbage collector to carry along until the trace is written.
Private names that this leans on: the attributes of the SDK's spans in `_OWN` and `_ON_DEMAND`. Where a span that the
SDK has made has one of them no longer, the SDK makes all spans (`check`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import time_ns
from types import MappingProxyType
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, Span, Tracer
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.util import types
from opentelemetry.util.types import AttributeValue
from typing_extensions import override

from otel_mlflow import mlflow_names
from otel_mlflow.spans.ids import random_bits
from otel_mlflow.spans.scopes import is_mlflow_s

Attributes = Mapping[str, AttributeValue]

_FLAGS = TraceFlags(TraceFlags.SAMPLED | getattr(TraceFlags, "RANDOM_TRACE_ID", 0))
"""Of a span that begins a trace: our ids are random."""

_NO_ATTRIBUTES: Attributes = MappingProxyType({})

_OWN = ("_name", "_context", "_parent", "_kind", "_start_time", "_end_time", "_limits", "_span_processor")
"""What differs from span to span."""

_ON_DEMAND = ("_attributes", "_events", "_links", "_lock")
"""What most spans do without."""


class _OnDemand:
    """An attribute of a span that is made when it is read first, by whichever thread does."""

    def __init__(self, make: str) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, span: Any, owner: type) -> Any:
        return vars(span).setdefault(self._name, getattr(span, self._make)())


class OwnSpan(Span):
    """A span that OpenTelemetry's SDK, MLflow and user code take for one of the SDK's."""

    _attributes = _OnDemand("_new_attributes")
    _events = _OnDemand("_no_events")
    _links = _OnDemand("_no_links")
    _lock = _OnDemand("_new_lock")
    _trace_id_json: str | None = None
    from_mlflow: bool
    """Whether MLflow's API opened it."""

    def show_trace_id(self, mlflow_trace_id_json: str) -> None:
        """Have MLflow know the open span by an attribute. It is gone with the end, unless MLflow opened the span."""
        self._trace_id_json = mlflow_trace_id_json
        if "_attributes" in vars(self):
            self._attributes[mlflow_names.TRACE_REQUEST_ID] = mlflow_trace_id_json

    def _new_attributes(self, given: Attributes | None = None) -> BoundedAttributes:
        attributes = dict(given or {})
        if self._trace_id_json is not None:
            attributes[mlflow_names.TRACE_REQUEST_ID] = self._trace_id_json
        limits = self._limits
        return BoundedAttributes(
            limits.max_span_attributes,
            attributes,
            immutable=self._end_time is not None,
            max_value_len=limits.max_span_attribute_length,
        )

    def _no_events(self) -> BoundedList[Any]:
        return BoundedList(self._limits.max_events)

    def _no_links(self) -> BoundedList[Any]:
        return BoundedList(self._limits.max_links)

    def _new_lock(self) -> Any:
        return threading.Lock()

    @property
    @override
    def attributes(self) -> types.Attributes:
        return super().attributes if self._has("_attributes") or self._trace_id_json is not None else _NO_ATTRIBUTES

    @property
    @override
    def events(self) -> Sequence[Event]:
        return super().events if self._has("_events") else ()

    @property
    @override
    def links(self) -> Sequence[Link]:
        return super().links if self._has("_links") else ()

    def _has(self, name: str) -> bool:
        return name in vars(self)

    @override
    def end(self, end_time: int | None = None) -> None:
        this_end = object()
        if vars(self).setdefault("_ended_by", this_end) is not this_end:
            super().end()  # which says that it has ended
            return
        self._end_time = end_time if end_time is not None else time_ns()
        self._trace_id_json = None
        attributes: BoundedAttributes | None = vars(self).get("_attributes")
        if attributes is not None:
            attributes._immutable = True
            if not self.from_mlflow:
                attributes._dict.pop(mlflow_names.TRACE_REQUEST_ID, None)
        self._span_processor.on_end(self)


class SpanMaker:
    """Makes the spans of one tracer of the SDK's."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._prototype: tuple[object, dict[str, Any]] = (None, {})

    def check(self) -> str | None:
        """What the SDK's spans have no longer, else None."""
        missing = [name for name in (*_OWN, *_ON_DEMAND) if name not in vars(self._example())]
        return f"the SDK's spans have no {', '.join(missing)}" if missing else None

    def make(
        self,
        name: str,
        above: SpanContext,
        kind: SpanKind,
        attributes: Attributes | None,
        start_time: int | None,
    ) -> OwnSpan:
        """A span that has started below another, or below none where `above` is not valid."""
        span_id = random_bits(64) or 1
        if above.is_valid:
            parent, context = above, SpanContext(above.trace_id, span_id, False, above.trace_flags, above.trace_state)
        else:
            parent, context = None, SpanContext(random_bits(128) or 1, span_id, False, _FLAGS)
        span: OwnSpan = object.__new__(OwnSpan)
        vars(span).update(
            self._find_prototype(),
            _name=name,
            _context=context,
            _parent=parent,
            _kind=kind,
            _start_time=start_time if start_time is not None else time_ns(),
        )
        if attributes:
            vars(span)["_attributes"] = span._new_attributes(attributes)
        return span

    def _find_prototype(self) -> dict[str, Any]:
        """What all spans of the tracer have. The SDK gives the tracers of a forked child another resource."""
        resource, prototype = self._prototype
        if resource is not self._tracer.resource:
            resource = self._tracer.resource
            prototype = {name: value for name, value in vars(self._example()).items() if name not in _ON_DEMAND}
            # Both at once: other threads make spans meanwhile.
            self._prototype = resource, prototype
        return prototype

    def _example(self) -> OwnSpan:
        """A span as the SDK makes it."""
        tracer = self._tracer
        span = OwnSpan(
            "",
            INVALID_SPAN_CONTEXT,
            sampler=tracer.sampler,
            resource=tracer.resource,
            span_processor=tracer.span_processor,
            instrumentation_info=tracer.instrumentation_info,
            limits=tracer._span_limits,
            instrumentation_scope=tracer._instrumentation_scope,
        )
        span.from_mlflow = is_mlflow_s(span)
        return span
