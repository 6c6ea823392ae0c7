"""The instruments, in the names of the semantic conventions where there are some.

https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/#metric-gen_aiclienttokenusage
https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/#metric-otelsdkprocessorspanprocessed
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from opentelemetry.semconv.attributes import error_attributes, http_attributes, url_attributes
from opentelemetry.semconv.metrics import http_metrics

from otel_mlflow.spans.records.tokens import tokens_of

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange

DURATION = http_metrics.HTTP_SERVER_REQUEST_DURATION
USAGE = "gen_ai.client.token.usage"
SPANS_PROCESSED = "otel.sdk.processor.span.processed"
OUTCOMES = "otel_mlflow.http.requests"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 30, 60, 120)
"""The convention's buckets, and four more: an agent's turn takes longer than a web page."""

TOKENS = tuple(4**power for power in range(14))
"""The convention's buckets."""

COMPONENT = {"otel.component.type": "otel_mlflow.spans.processor", "otel.component.name": "otel_mlflow/0"}
OUTCOME = "otel_mlflow.outcome"
POSSIBLE_OUTCOMES = ("ok", "error", "cancelled")

Attributes = dict[str, "str | int"]


class Instrument(NamedTuple):
    """One instrument; a histogram where it has `bounds`, else a counter."""

    name: str
    unit: str
    description: str
    bounds: tuple[float, ...] = ()


INSTRUMENTS = (
    Instrument(DURATION, "s", "Duration of HTTP server requests.", SECONDS),
    Instrument(USAGE, "{token}", "Number of input and output tokens used.", TOKENS),
    Instrument(SPANS_PROCESSED, "{span}", "The number of spans for which the processing has finished."),
    Instrument(OUTCOMES, "{request}", "HTTP server requests by route and outcome; 0 for what has not happened yet."),
)


class Meters(Protocol):
    """What values are recorded with."""

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Record a value of the instrument of that name."""


class Served(NamedTuple):
    """A request that is over: what is noted of it on its own time, and nothing that it holds on to."""

    duration_ns: int
    method: str
    scheme: str
    route: str | None
    status_code: int | None
    outcome: str
    error_type: str | None

    @classmethod
    def from_exchange(cls, exchange: Exchange) -> Served:
        """What the metrics need of an exchange. What was cancelled is no error."""
        outcome = exchange.outcome
        return cls(
            (exchange.ended_ns or exchange.started_ns) - exchange.started_ns,
            exchange.known_method,
            exchange.scope.get("scheme", "http"),
            exchange.route,
            exchange.status_code,
            outcome,
            exchange.error_type if outcome == "error" else None,
        )


class Ended(NamedTuple):
    """A span that is over: its attributes where it was a call of a model."""

    model_call: Mapping[str, Any] | None


PLAIN = Ended(None)
"""Most spans are no call of a model."""


def record(events: Sequence[Served | Ended], meters: Meters) -> None:
    """Record what has ended since the last time."""
    spans = 0
    for event in events:
        if isinstance(event, Served):
            meters.record(DURATION, event.duration_ns / 1e9, _attributes(event))
            meters.record(OUTCOMES, 1, outcome_attributes(event.method, event.route, event.outcome))
            continue
        spans += 1
        if event.model_call is not None:
            _record_tokens(event.model_call, meters)
    if spans:
        meters.record(SPANS_PROCESSED, spans, dict(COMPONENT))


def outcome_attributes(method: str, route: str | None, outcome: str) -> Attributes:
    """By which requests are counted: few enough that all of them can be there before anything happens."""
    attributes: Attributes = {http_attributes.HTTP_REQUEST_METHOD: method, OUTCOME: outcome}
    return attributes | {http_attributes.HTTP_ROUTE: route} if route is not None else attributes


def _record_tokens(said: Mapping[str, Any], meters: Meters) -> None:
    usage = tokens_of(said) or {}
    attributes: Attributes = {
        "gen_ai.operation.name": "embeddings" if _value(said.get("mlflow.spanType")) == "EMBEDDING" else "chat",
        "gen_ai.request.model": str(_value(said.get("mlflow.llm.model")) or "unknown"),
        "gen_ai.provider.name": str(_value(said.get("mlflow.llm.provider")) or "unknown"),
    }
    for direction in ("input", "output"):
        if (tokens := usage.get(f"{direction}_tokens")) is not None:
            meters.record(USAGE, tokens, {**attributes, "gen_ai.token.type": direction})


def _attributes(served: Served) -> Attributes:
    """None of them as many as there are requests: no path, no user."""
    attributes: Attributes = {
        http_attributes.HTTP_REQUEST_METHOD: served.method,
        url_attributes.URL_SCHEME: served.scheme,
    }
    if served.route is not None:
        attributes[http_attributes.HTTP_ROUTE] = served.route
    if served.status_code is not None:
        attributes[http_attributes.HTTP_RESPONSE_STATUS_CODE] = served.status_code
    if served.error_type is not None:
        attributes[error_attributes.ERROR_TYPE] = served.error_type
    return attributes


def _value(said: Any) -> Any:
    """What MLflow wrote as JSON."""
    try:
        return json.loads(said) if isinstance(said, str) else said
    except ValueError:
        return said
