"""The application's sampler decides about its own exporters only: what it drops is recorded all the same, for us alone.

A span that it drops becomes one that records and is not sampled, with a mark; a gate in front of the provider's
processors shows marked spans to our processor and to no other. What leaves the process in `traceparent` is unsampled,
as it would be without us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes
from typing_extensions import override

Wanted = Callable[[Context | None], bool]
"""Whether a span that is started in this context is to be recorded, whatever the application's sampler decides."""

NOT_SAMPLED = "otel_mlflow.not_sampled"
"""Span attribute: the application's sampler dropped the span, and we alone record it."""


class RecordingSampler(Sampler):
    """Decides as the application's sampler does, but records what that one drops, where it is wanted."""

    def __init__(self, application: Sampler, wanted: Wanted) -> None:
        self.application = application
        self._wanted = wanted

    @override
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        result = self.application.should_sample(parent_context, trace_id, name, kind, attributes, links)
        if result.decision is not Decision.DROP or not self._wanted(parent_context):
            return result
        marked = {**(attributes or {}), NOT_SAMPLED: True}
        return SamplingResult(Decision.RECORD_ONLY, marked, result.trace_state)

    @override
    def get_description(self) -> str:
        return self.application.get_description()


class ProcessorGate:
    """Stands in front of a provider's processors: a span that its sampler dropped is shown to ours alone."""

    def __init__(self, processors: Any, ours: SpanProcessor) -> None:
        self._processors = processors
        self._ours = ours
        self._on_start = processors.on_start
        self._on_end = processors.on_end
        processors.on_start = self.on_start
        processors.on_end = self.on_end
        processors._on_ending = self._on_ending

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span has started."""
        show = self._ours.on_start if is_dropped(span) else self._on_start
        show(span, parent_context=parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """A span has ended."""
        show = self._ours.on_end if is_dropped(span) else self._on_end
        show(span)

    def _on_ending(self, span: Span) -> None:
        if not is_dropped(span):
            type(self._processors)._on_ending(self._processors, span)

    def remove(self) -> None:
        """Leave the processors as they were."""
        del self._processors.on_start, self._processors.on_end, self._processors._on_ending


def is_dropped(span: ReadableSpan) -> bool:
    """Whether the application's sampler dropped the span, so that we alone record it."""
    context = span.context
    is_sampled = context is not None and context.trace_flags.sampled
    return not is_sampled and NOT_SAMPLED in (span.attributes or {})


def record_dropped(provider: Any, wanted: Wanted, ours: SpanProcessor) -> Callable[[], None]:
    """Record what the provider's sampler drops; answer how to undo it."""
    before: Sampler = provider.sampler
    gate = ProcessorGate(provider._active_span_processor, ours)
    _use(provider, RecordingSampler(before, wanted))

    def undo() -> None:
        _use(provider, before)
        gate.remove()

    return undo


def _use(provider: Any, sampler: Sampler) -> None:
    """Also in the tracers that were handed out before; SDKs before 1.40 do not know those, and they keep theirs."""
    provider.sampler = sampler
    for tracer in list(getattr(provider, "_tracers", {}).values()):
        tracer.sampler = sampler
