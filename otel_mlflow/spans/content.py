"""What of a span's content leaves the process: cut, redacted, or not at all, as the settings say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.content import Body, Redactor, body_json, cut_json, cut_text, request_value, to_json
from otel_mlflow.spans import mlflow_names

if TYPE_CHECKING:
    from otel_mlflow.exchange import ContentType, Exchange
    from otel_mlflow.settings import TracingSettings

MAX_PREVIEW = 1000
"""Characters of a preview that MLflow's stores have room for (`trace_info.request_preview`)."""

_INPUT_OUTPUT = re.compile(
    r"mlflow\.span(Inputs|Outputs)|mlflow\.chat\.messages|mlflow\.trace\.intermediate_outputs"
    r"|gen_ai\.(input|output)\.messages|gen_ai\.system_instructions|gen_ai\.(prompt|completion)(\..*)?"
    r"|gen_ai\.tool\.call\.(arguments|result)|(input|output)\.value|llm\.(input|output)_messages\..*"
    r"|llm\.prompts.*|retrieval\.documents\..*|embedding\.embeddings\..*|traceloop\.entity\.(input|output)"
    r"|url\.query|exception\.(message|stacktrace)|token|chunk|result|exception"
)
"""Attributes of spans and of their events that hold what went in or came out, in the names of each convention."""

_MODEL_CONFIG = re.compile(
    r"mlflow\.chat\.tools|invocation_params|options|gen_ai\.request\.(?!model).*|gen_ai\.tool\.definitions"
    r"|llm\.invocation_parameters|llm\.tools\..*|llm\.request\..*"
)
"""Attributes that hold a model's parameters and the schemas of its tools."""

_MOST_BYTES_OF_A_CHARACTER = 4
_SHORT = 200
_REMEMBERED = 4096
"""Names of models, agents and browsers come again and again: short texts are looked through once."""


class SpanContent:
    """Applies `tracing.capture_*`, `tracing.redact_keys` and `tracing.max_content_bytes`."""

    def __init__(self, settings: TracingSettings) -> None:
        self._redactor = Redactor.of(settings.redact_keys)
        self._short = lru_cache(_REMEMBERED)(self._redactor.text)
        self._captures = settings.capture_input_output
        self._captures_model_config = settings.capture_model_config
        self._max_bytes = settings.max_content_bytes

    def of_span(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that may leave, as they may leave."""
        return self._without_secrets({key: value for key, value in attributes.items() if self._leaves(key)})

    def of_exchange(self, exchange: Exchange) -> dict[str, Any]:
        """What the request and the response were, as the root's inputs and outputs."""
        if exchange.request_body is None or exchange.response_body is None:
            return {}
        inputs, outputs = exchange.request_body.body(), exchange.response_body.body()
        asked_for = self._body(inputs, exchange.request_type) if inputs.total else self._asked_for(exchange)
        return {
            mlflow_names.SPAN_INPUTS: asked_for,
            mlflow_names.SPAN_OUTPUTS: self._body(outputs, exchange.response_type),
        }

    def redact_events(self, span: ProtoSpan) -> None:
        """Treat the attributes of the span's events, and its status message, as those of the span itself."""
        span.status.message = self.text(span.status.message) if self._captures else ""
        for event in span.events:
            attributes = self.of_span({item.key: item.value.string_value for item in event.attributes})
            leaving = [item for item in event.attributes if item.key in attributes]
            for item in leaving:
                if item.value.HasField("string_value"):
                    item.value.string_value = attributes[item.key]
            del event.attributes[:]
            event.attributes.extend(leaving)

    def text(self, text: str) -> str:
        """A text without secrets, of at most `max_content_bytes`."""
        return cut_text(self._redactor.text(text), self._max_bytes) if text else text

    def preview(self, text: str | None) -> str | None:
        """A preview that user code gave the trace."""
        return self.text(text)[:MAX_PREVIEW] if text is not None and self._captures else None

    def _body(self, body: Body, content: ContentType) -> str:
        return body_json(body, content.type, self._redactor, self._max_bytes, content_encoding=content.encoding)

    def _asked_for(self, exchange: Exchange) -> str:
        asked = request_value(exchange.query, exchange.scope.get("path_params") or {})
        return cut_json(to_json(self._redactor.value(asked)), self._max_bytes)

    def _leaves(self, key: str) -> bool:
        if not self._captures and _INPUT_OUTPUT.fullmatch(key):
            return False
        return self._captures_model_config or not _MODEL_CONFIG.fullmatch(key)

    def _without_secrets(self, attributes: dict[str, Any]) -> dict[str, Any]:
        names = self._redactor.names
        masked = names.masked(attributes) if names.are_in(attributes) else attributes
        return {key: self._value(value) for key, value in masked.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._short(value) if len(value) <= _SHORT else self._cut(self._redactor.text(value))
        return tuple(self._value(item) for item in value) if isinstance(value, tuple) else value

    def _cut(self, value: str) -> str:
        if len(value) * _MOST_BYTES_OF_A_CHARACTER <= self._max_bytes:
            return value
        return cut_json(value, self._max_bytes) if value[:1] in ("{", "[") else cut_text(value, self._max_bytes)
