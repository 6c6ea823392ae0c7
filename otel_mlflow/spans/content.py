"""What of a span's content leaves the process: cut, redacted, or not at all, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_mlflow.exchange import Exchange
    from otel_mlflow.settings import TracingSettings


class SpanContent:
    """Applies `tracing.capture_*`, `tracing.redact_keys` and `tracing.max_content_bytes`."""

    def __init__(self, settings: TracingSettings) -> None:
        self._settings = settings

    def of_span(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return dict(attributes)

    def of_exchange(self, exchange: Exchange) -> dict[str, Any]:
        return {}
