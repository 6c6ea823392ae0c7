"""What of a span's content leaves the process: cut, redacted, or not at all, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from otel_mlflow.content import Redactor, cut_json, cut_text, request_content, response_content
from otel_mlflow.spans import mlflow_names

if TYPE_CHECKING:
    from otel_mlflow.exchange import Exchange
    from otel_mlflow.settings import TracingSettings

MAX_PREVIEW = 1000
"""Characters of a preview that MLflow's stores have room for (`trace_info.request_preview`)."""


class SpanContent:
    """Applies `tracing.capture_*`, `tracing.redact_keys` and `tracing.max_content_bytes`."""

    def __init__(self, settings: TracingSettings) -> None:
        self._redactor = Redactor.of(settings)
        self._captures = settings.capture_input_output
        self._max_bytes = settings.max_content_bytes

    def of_span(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(key, value) for key, value in attributes.items()}

    def of_exchange(self, exchange: Exchange) -> dict[str, Any]:
        if exchange.request_body is None or exchange.response_body is None:
            return {}
        return {
            mlflow_names.SPAN_INPUTS: request_content(exchange),
            mlflow_names.SPAN_OUTPUTS: response_content(exchange),
        }

    def _value(self, key: str, value: Any) -> Any:
        return value
