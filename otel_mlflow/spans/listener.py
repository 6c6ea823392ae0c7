"""Who is told as spans start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    from otel_mlflow.spans.propagation import MlflowSpanContext
    from otel_mlflow.spans.trace import SpanState


class SpanListener(Protocol):
    """Called in the context in which a span starts or ends: MLflow's own bookkeeping."""

    def began(self, state: SpanState) -> None:
        """A span has started that MLflow alone would take for the root of a trace, or that is one."""

    def ended(self, state: SpanState) -> None:
        """A span is over; what it says is in `state.readable`."""

    def joined(self, span: ReadableSpan | None, remote: SpanContext) -> MlflowSpanContext | None:
        """The MLflow trace that user code has joined, where `remote` is the caller's span in it and `span` starts."""
