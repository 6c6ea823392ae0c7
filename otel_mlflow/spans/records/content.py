"""What of a span's content leaves the process: cut, redacted, or not at all, as the settings say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow import mlflow_names
from otel_mlflow.content import (
    REDACTED,
    Body,
    Redactor,
    Strength,
    body_json,
    cut_before_search,
    cut_json,
    cut_text,
    readable_json,
    redact_pieces,
    redact_request,
    to_json,
)
from otel_mlflow.guard import attempt, report_user_error
from otel_mlflow.spans.records.conventions import (
    MODEL_TYPES,
    PARAMETERS_AS_JSON,
    holds_content,
    is_model_config,
    only_parameters,
    without_parameters,
)
from otel_mlflow.spans.records.encoding import from_json, set_value

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.http.headers import ContentType
    from otel_mlflow.settings import TracingSettings

MAX_PREVIEW = 1000
"""Characters of a preview that MLflow's stores have room for (`trace_info.request_preview`)."""

_WITH_PARAMETERS = (mlflow_names.SPAN_INPUTS, "metadata")
"""Where MLflow's autologging puts a model's parameters beside other things."""

_WORD_OF_MODEL = ("new_token", "token")
"""The event and its attribute in which MLflow's LangChain tracer keeps a word that a model streamed: no secret."""

_SCALARS = ("string_value", "int_value", "double_value")
_KEPT_OF_EVENTS = ("exception.type", "exception.escaped")
_MOST_BYTES_OF_A_CHARACTER = 4
_PLAIN_ID = re.compile("[0-9a-f]{12,40}")
"""Ids come in with every request, each for the first time; what is a secret has more than such digits to show it."""

_SHORT = 200
_REMEMBERED = 4096
"""Names of models, agents and browsers come again and again: short texts are looked through once."""


class SpanContent:
    """Applies `tracing.capture_*`, `tracing.redact_keys`, `tracing.redact` and `tracing.max_content_bytes`."""

    def __init__(self, settings: TracingSettings) -> None:
        self._redactor = Redactor.compile(settings.redact_keys)
        self._remembered = lru_cache(_REMEMBERED)(self._redactor.text)
        self._hook = settings.load_redact()
        self.calls_user_code = self._hook is not None
        self._captures = settings.capture_input_output
        self._captures_model_config = settings.capture_model_config
        self._max_bytes = settings.max_content_bytes

    def of_span(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that may leave, as they may leave."""
        if not attributes:
            return {}
        leaving = attributes
        if not self._captures_model_config:
            leaving = _without_model_config(leaving)
        if not self._captures:
            leaving = _without_content(leaving)
        return self.redacted(leaving)

    def redacted(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Tags, params and the like: they are no inputs or outputs, but may hold secrets, and be too long."""
        if self._hook is None:
            return {self._short_text(key): self._named(key, value) for key, value in said.items()}
        return {self._short_text(key): self._leaving(key, self._named(key, value)) for key, value in said.items()}

    def of_exchange(self, exchange: Exchange) -> dict[str, Any]:
        """What the request and the response were, as the root's inputs and outputs."""
        if exchange.request_body is None or exchange.response_body is None:
            return {}
        inputs, outputs = exchange.request_body.body(), exchange.response_body.body()
        asked_for = self._body(inputs, exchange.request_type) if inputs.total else self._asked_for(exchange)
        return {
            mlflow_names.SPAN_INPUTS: _as_attribute(self._last(asked_for)),
            mlflow_names.SPAN_OUTPUTS: _as_attribute(self._last(self._body(outputs, exchange.response_type))),
        }

    def clean(self, span: ProtoSpan) -> None:
        """Treat what the span says beside its attributes as those: its name, its status, its events and links."""
        given = span.name
        if (name := self.text(given)) != given:
            span.name = name
        if message := span.status.message:
            span.status.message = self.text(message) if self._captures else ""
        if span.events:
            self._clean_events(span)
        for link in span.links:
            self._clean(link.attributes, "")

    def text(self, text: str) -> str:
        """A text without secrets, of at most `max_content_bytes`."""
        redacted = self._text(text) if self._hook is None else str(self._last(self._text(text)))
        fits = len(redacted) * _MOST_BYTES_OF_A_CHARACTER <= self._max_bytes
        return redacted if fits else cut_text(redacted, self._max_bytes)

    def preview(self, text: str | None) -> str | None:
        """A preview that user code gave the trace."""
        return self.text(text)[:MAX_PREVIEW] if text is not None and self._captures else None

    def _body(self, body: Body, content: ContentType) -> str:
        return body_json(body, content.type, self._redactor, self._max_bytes, content_encoding=content.encoding)

    def _asked_for(self, exchange: Exchange) -> str:
        params = exchange.scope.get("path_params") or {}
        asked = redact_request(exchange.path, exchange.query, params, self._redactor)
        return cut_json(to_json(asked), self._max_bytes)

    def _clean_events(self, span: ProtoSpan) -> None:
        self._clean_streamed(span)
        for event in span.events:
            self._clean(event.attributes, event.name)
            if (name := self._short_text(event.name)) != event.name:
                event.name = name

    def _clean(self, attributes: Any, event: str) -> None:
        leaving = [item for item in attributes if self._captures or _is_no_text(item)]
        for item in leaving:
            is_word = (event, item.key) == _WORD_OF_MODEL
            self._clean_value(item.value, "" if is_word else item.key)
            if (key := self._short_text(item.key)) != item.key:
                item.key = key
        del attributes[:]
        attributes.extend(leaving)

    def _clean_streamed(self, span: ProtoSpan) -> None:
        """Look at the words that a model streamed as at one text: a secret comes in pieces."""
        event_name, key = _WORD_OF_MODEL
        words = [
            item.value
            for event in span.events
            if event.name == event_name
            for item in event.attributes
            if item.key == key
        ]
        pieces = [word.string_value for word in words]
        if sum(map(len, pieces)) <= self._max_bytes:
            for word, redacted in zip(words, redact_pieces(pieces, self._redactor), strict=True):
                if redacted != word.string_value:
                    word.string_value = redacted

    def _clean_value(self, value: AnyValue, name: str) -> None:
        if value.HasField("array_value") and self._redactor.names.strength(name) >= Strength.CODES:
            value.string_value = REDACTED
        for item in value.array_value.values:
            self._clean_value(item, name)
        kind = value.WhichOneof("value")
        if kind in _SCALARS:
            given = getattr(value, kind)
            if (leaving := self._last(self._named(name, given))) != given:
                set_value(value, leaving)

    def _named(self, name: str, value: Any) -> Any:
        """Redact what stands under a name."""
        if not self._redactor.names.strength(name):
            return self._text(value) if isinstance(value, str) else self._value(value)
        bounded = self._bounded(value) if isinstance(value, str) else value
        redacted = self._redactor.named(name, bounded)
        return tuple(redacted) if isinstance(redacted, list) else redacted

    def _leaving(self, key: str, value: Any) -> Any:
        """Hand a value to the user's own function; MLflow's own words, the kind of a span say, are no content."""
        is_ours = key.startswith("mlflow.") and not holds_content(key, value)
        return value if is_ours else self._last(value)

    def _short_text(self, text: str) -> str:
        return self._remembered(text) if len(text) <= _SHORT else str(self._value(text))

    def _last(self, value: Any) -> Any:
        """Hand a value to the user's own `tracing.redact`, which has the last word."""
        if self._hook is None:
            return value
        shown = attempt(self._hook, value)
        if not isinstance(shown, Exception):
            return shown
        report_user_error("tracing.redact", shown, "the value is left out")
        return f"[redacted: tracing.redact failed with {type(shown).__name__}]"

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, tuple):
            return value
        items = map(self._value, value)
        return tuple(self._redactor.value(list(items)) if any(map(_is_option, value)) else items)

    def _text(self, text: str) -> str:
        if len(text) > _SHORT:
            return self._cut(self._redactor.text(self._bounded(text)))
        return text if _PLAIN_ID.fullmatch(text) else self._remembered(text)

    def _bounded(self, text: str) -> str:
        return cut_before_search(text, self._max_bytes)

    def _cut(self, value: str) -> str:
        value = readable_json(value) if value[:1] in ("{", "[") else value
        if len(value) * _MOST_BYTES_OF_A_CHARACTER <= self._max_bytes:
            return value
        return cut_json(value, self._max_bytes) if value[:1] in ("{", "[") else cut_text(value, self._max_bytes)


def _as_attribute(document: str) -> Any:
    """JSON as MLflow's server unwraps it: numbers, true, false and null it would take for texts."""
    return document if document[:1] in ("{", "[", '"') else from_json(document)


def _is_option(item: Any) -> bool:
    """Say whether an item of a list shows that it is a command's arguments, in which one names the next."""
    return isinstance(item, str) and item.startswith("-")


def _is_no_text(item: KeyValue) -> bool:
    """What is said at a moment in numbers, or only of what type an exception was, is no content."""
    return item.key in _KEPT_OF_EVENTS or not (item.value.HasField("string_value") or item.value.array_value.values)


def _without_content(attributes: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in attributes.items() if not holds_content(key, value)}
    return kept | {key: only_parameters(str(kept[key])) for key in PARAMETERS_AS_JSON if key in kept}


def _without_model_config(attributes: Mapping[str, Any]) -> dict[str, Any]:
    of_model = attributes.get(mlflow_names.SPAN_TYPE) in MODEL_TYPES
    kept = {key: value for key, value in attributes.items() if not is_model_config(key, of_model=of_model)}
    if of_model:
        kept |= {key: without_parameters(str(kept[key])) for key in _WITH_PARAMETERS if key in kept}
    return kept
