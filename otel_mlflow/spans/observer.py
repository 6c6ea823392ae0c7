"""Who measures requests and spans, where somebody wants to know."""

from __future__ import annotations

from typing import Protocol

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow.http.exchange import Exchange


class RequestObserver(Protocol):
    """Called on the application's time, so each call only takes note."""

    def served(self, exchange: Exchange) -> None:
        """A request is over, whether or not its trace is kept."""

    def ended(self, span: ReadableSpan) -> None:
        """A span is over."""
