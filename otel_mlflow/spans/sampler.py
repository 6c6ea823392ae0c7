"""The application's sampler decides about its own exporters only: what it drops is recorded all the same, for us alone.

A span that it drops becomes one that records and is not sampled, with a mark; the gate in front of the provider's
processors (`gate.py`) shows marked spans to our processor and to no other. What leaves the process in `traceparent` is
unsampled, as it would be without us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
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


def is_dropped(span: ReadableSpan) -> bool:
    """Whether the application's sampler dropped the span, so that we alone record it."""
    context = span.context
    is_sampled = context is not None and context.trace_flags.sampled
    return not is_sampled and NOT_SAMPLED in (span.attributes or {})
