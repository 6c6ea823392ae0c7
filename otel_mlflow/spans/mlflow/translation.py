"""Spans of other instrumentations in MLflow's words: types, inputs, outputs, tokens, models.

MLflow's own translators do it (`mlflow.tracing.otel.translation`): those an MLflow server runs on what it takes. Done
here too, what they find is there for every destination, and the tokens for the request's run.
`translate_span_when_storing` reads of a span what `to_dict()` answers, and takes attributes for JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from mlflow.entities import Span, SpanType
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow import mlflow_names
from otel_mlflow.backends.received_spans import received_attributes
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.records.encoding import from_json

CONVENTIONS = (
    *("gen_ai.", "openinference.", "llm.", "embedding.", "input.", "output.", "traceloop.", "ai.", "lk.", "lmnr."),
    *("langfuse.", "voltagent.", "agent.", "entity.", "span.type", "gcp.vertex.agent.", "claude_code.", "gemini_cli."),
)
"""How the names begin by which MLflow's translators know what they can translate."""

_IN_EVENTS = ("gen_ai.", "tool.output")
_COST = "mlflow.llm.cost"
_UNKNOWN = f'"{SpanType.UNKNOWN}"'


class NotTranslatableError(ValueError):
    """An instrumentation wrote something else than its convention says, which MLflow's translators stumble over."""


def translated(attributes: Mapping[str, Any], span: ProtoSpan) -> dict[str, Any]:
    """What MLflow's translators say of a span beyond what it says itself; `span` has its events.

    Raises `NotTranslatableError` for a span with which no MLflow server would take the trace that it is in.
    """
    if not any(map(_is_of_convention, attributes)) and not _has_known_event(span):
        return {}
    if not INTEGRATIONS.works("mlflow_translation"):
        return {}
    try:
        return _translated(attributes, span)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise NotTranslatableError(str(error)) from error


def without_conventions(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that no translator looks at."""
    return {key: value for key, value in attributes.items() if not _is_of_convention(key)}


@lru_cache(4096)
def _is_of_convention(key: str) -> bool:
    return key.startswith(CONVENTIONS)


def _has_known_event(span: ProtoSpan) -> bool:
    return any(event.name.startswith(_IN_EVENTS) for event in span.events)


def as_stored(span: Mapping[str, Any]) -> dict[str, Any]:
    """What MLflow's store makes of a span, given as `to_dict()` has it, but for a cost that it does not say itself.

    To work one out, MLflow fetches prices from the network or imports a large library. A server does that.
    """
    from mlflow.tracing.otel.translation import translate_span_when_storing

    attributes: Mapping[str, str] = span["attributes"]
    given = {**span, "attributes": {_COST: "{}", **attributes}}
    stored: dict[str, Any] = translate_span_when_storing(cast("Span", _AsDict(given)))
    if _COST not in attributes:
        del stored["attributes"][_COST]
    return stored


def _translated(attributes: Mapping[str, Any], span: ProtoSpan) -> dict[str, Any]:
    said = received_attributes({key: _json(value) for key, value in attributes.items()})
    events = [{"name": event.name, "attributes": _texts(event.attributes)} for event in span.events]
    return _new(as_stored({"name": span.name, "attributes": said, "events": events})["attributes"], said)


def _new(found: Mapping[str, str], said: Mapping[str, str]) -> dict[str, Any]:
    """What was not there before, and the type if it was not known."""
    from mlflow.tracing.otel.translation import translate_span_type_from_otel

    new = {key: from_json(value) for key, value in found.items() if key not in said}
    known = said.get(mlflow_names.SPAN_TYPE, _UNKNOWN)
    # Older translators leave the type to whoever reads the span.
    span_type = translate_span_type_from_otel(dict(said)) if known == _UNKNOWN else None
    return new | {mlflow_names.SPAN_TYPE: span_type} if span_type else new


class _AsDict:
    """As much of an MLflow span as the translators look at."""

    def __init__(self, span: dict[str, Any]) -> None:
        self._span = span

    def to_dict(self) -> dict[str, Any]:
        return self._span


def _texts(attributes: Any) -> dict[str, str]:
    items: list[KeyValue] = list(attributes)
    return {item.key: item.value.string_value for item in items if item.value.HasField("string_value")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
