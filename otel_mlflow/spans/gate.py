"""Stands in front of the processors of an application's provider, and shows our processor every span.

* What the application's sampler dropped is shown to ours alone (`sampler.py`).
* Ours is called by the thread that starts or ends the span, for it reads that thread's context and stack. The SDK's
  `ConcurrentMultiSpanProcessor` calls processors on threads of its own.
* Ours is called whatever a processor of the application's raises. That reaches who opened the span, as without us;
  but not through MLflow's API or our middleware, whose spans such a processor is shown only because of us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from typing_extensions import override

from otel_mlflow.guard import attempt, report_user_error
from otel_mlflow.spans.sampler import is_dropped
from otel_mlflow.spans.scopes import is_another_s


class ProcessorGate:
    """In front of `processors`, which are all of a provider's in one."""

    def __init__(self, processors: Any, ours: SpanProcessor) -> None:
        self._processors = processors
        self._ours = ours
        self._on_start = processors.on_start
        self._on_end = processors.on_end
        processors.on_start = self.on_start
        processors.on_end = self.on_end
        processors._on_ending = self._on_ending

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span has started. Theirs are first: they see it without what ours adds."""
        try:
            self._show(self._on_start, span, parent_context=parent_context)
        finally:
            self._ours.on_start(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """A span has ended."""
        self._ours.on_end(span)
        self._show(self._on_end, span)

    def _on_ending(self, span: Span) -> None:
        self._show(self._of_class_on_ending, span)

    def _of_class_on_ending(self, span: Span) -> None:
        type(self._processors)._on_ending(self._processors, span)

    def _show(self, show: Callable[..., None], span: ReadableSpan, **context: Context | None) -> None:
        if is_dropped(span):
            return
        if is_another_s(span):
            show(span, **context)
        elif isinstance(error := attempt(show, span, **context), Exception):
            report_user_error("span processor", error, "the span is in its trace all the same")

    def remove(self) -> None:
        """Leave the processors as they were."""
        del self._processors.on_start, self._processors.on_end, self._processors._on_ending


class Ends(SpanProcessor):
    """Shows our processor the ends of spans alone: of those that end when the gate is gone, and just before they do."""

    def __init__(self, ours: SpanProcessor) -> None:
        self._ours = ours

    @override
    def _on_ending(self, span: Span) -> None:
        self._ours._on_ending(span)

    @override
    def on_end(self, span: ReadableSpan) -> None:
        self._ours.on_end(span)
