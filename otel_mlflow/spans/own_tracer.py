"""Tracers that take the usual spans a short way: one below another of ours, and the server span of a request.

The place of such a span is looked up once, nobody is asked whether to sample it, and it is an `OwnSpan`. The long way
is the SDK's: for what begins a trace outside of requests or has links, and for all spans that somebody else sees, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Token
from types import TracebackType
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.util.types import Attributes
from typing_extensions import override

from otel_mlflow.guard import guarded
from otel_mlflow.spans.current import SPAN_KEY, parent_state
from otel_mlflow.spans.own_span import OwnSpan, SpanMaker
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.trace import SPAN_STATE


class OwnTracer(Tracer):
    """The SDK's tracer, with the short way for the usual span."""

    def __init__(self, tracer: Tracer, processor: OpenTraceSpanProcessor) -> None:
        self._tracer = tracer
        self._processor = processor
        self._processors: Any = tracer.span_processor
        self._maker = SpanMaker(tracer)
        self.check = self._maker.check

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracer, name)

    def make_server_span(self, name: str, above: SpanContext, start_time: int) -> OwnSpan | None:
        """A request's span, to be taken into a trace by whoever asks; None where somebody else sees it."""
        is_usual = self._processors.has_only_ours
        return self._maker.make(name, above, SpanKind.SERVER, start_time) if is_usual else None

    @override
    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        span = None
        if self._processors.has_only_ours and not links and record_exception and set_status_on_exception:
            span = self._make_short(name, context, kind, attributes, start_time)
        if span is not None:
            return span
        return self._tracer.start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )

    @override
    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        arguments = (
            *(name, context, kind, attributes, links, start_time),
            *(record_exception, set_status_on_exception, end_on_exit),
        )
        return CurrentSpan(self, arguments)

    def decorate(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """The function with a span round each call, as the SDK does it for all kinds of functions."""
        return super().start_as_current_span(*arguments)(function)

    @guarded
    def _make_short(
        self, name: str, context: Context | None, kind: SpanKind, attributes: Attributes, start_time: int | None
    ) -> OwnSpan | None:
        above: Any = (context_api.get_current() if context is None else context).get(SPAN_KEY)
        parent = parent_state(above, context) if hasattr(above, SPAN_STATE) else None
        if parent is None:
            return None
        place: SpanContext = above.get_span_context()
        if not place.trace_flags & TraceFlags.SAMPLED:
            return None
        span = self._maker.make(name, place, kind, start_time)
        self._processor.take_own(span, parent.trace, parent, attributes=attributes)
        return span


class CurrentSpan:
    """A span that is current in a `with` block: what the SDK's two generators do, one in the other, in one object.

    `arguments` are those of `start_as_current_span`.
    """

    __slots__ = ("_arguments", "_span", "_token", "_tracer")

    def __init__(self, tracer: OwnTracer, arguments: tuple[Any, ...]) -> None:
        self._tracer = tracer
        self._arguments = arguments

    def __call__(self, function: Any) -> Any:
        """As a decorator."""
        return self._tracer.decorate(function, self._arguments)

    def __enter__(self) -> Span:
        self._span = span = self._tracer.start_span(*self._arguments[:-1])
        self._token: Token[Context] = context_api.attach(Context({**context_api.get_current(), SPAN_KEY: span}))
        return span

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        context_api.detach(self._token)
        record_exception, set_status_on_exception, end_on_exit = self._arguments[-3:]
        if isinstance(error, Exception) and self._span.is_recording():
            if record_exception:
                self._span.record_exception(error)
            if set_status_on_exception:
                self._span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        if end_on_exit:
            self._span.end()
