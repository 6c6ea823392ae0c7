"""Who is told as spans start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from otel_mlflow.spans.propagation import MlflowSpanContext
    from otel_mlflow.spans.trace import SpanState


class SpanListener(Protocol):
    """Called in the context in which a span starts or ends: MLflow's own bookkeeping."""

    def started(self, state: SpanState) -> None:
        """A span was taken into its trace."""

    def ended(self, state: SpanState) -> None:
        """A span is over; what it says is in `state.readable`."""

    def joined(self, remote: SpanContext) -> MlflowSpanContext | None:
        """The MLflow trace that user code has joined, where this is the caller's span in it."""
