"""Who measures requests and spans, where somebody wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow.http.exchange import Exchange

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from otel_mlflow.spans.propagation import MlflowSpanContext
    from otel_mlflow.spans.state import SpanState


class RequestObserver(Protocol):
    """Called on the application's time, so each call only takes note."""

    def served(self, exchange: Exchange) -> None:
        """A request is over, whether or not its trace is kept."""

    def ended(self, span: ReadableSpan) -> None:
        """A span is over."""


class SpanListener(Protocol):
    """Called as spans start and end, in the context in which they do: MLflow's own bookkeeping."""

    def started(self, entry: SpanState) -> None:
        """A span was taken into its trace."""

    def ended(self, entry: SpanState) -> None:
        """A span is over; what it says is in `entry.readable`."""

    def joined(self, remote: SpanContext) -> MlflowSpanContext | None:
        """The MLflow trace that user code has joined, where this is the caller's span in it."""
