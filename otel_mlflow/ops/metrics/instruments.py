"""The instruments, in the names of the semantic conventions where there are some.

https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/#metric-gen_aiclienttokenusage
https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/#metric-otelsdkprocessorspanprocessed
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.semconv.attributes import error_attributes, http_attributes, url_attributes
from opentelemetry.semconv.metrics import http_metrics

from otel_mlflow.spans.tokens import tokens_of

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.util.types import AttributeValue

    from otel_mlflow.http.exchange import Exchange

USAGE = "gen_ai.client.token.usage"
SPANS_PROCESSED = "otel.sdk.processor.span.processed"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 30, 60, 120)
"""The convention's buckets, and four more: an agent's turn takes longer than a web page."""

TOKENS = tuple(4**power for power in range(14))
"""The convention's buckets."""

COMPONENT = {"otel.component.type": "otel_mlflow.spans.processor", "otel.component.name": "otel_mlflow/0"}


class Served(NamedTuple):
    """A request that is over: what is noted of it on its own time, and nothing that it holds on to."""

    duration_ns: int
    method: str
    scheme: str
    route: str | None
    status_code: int | None
    error_type: str | None

    @classmethod
    def of(cls, exchange: Exchange) -> Served:
        """What the metric wants to know of an exchange."""
        return cls(
            (exchange.ended_ns or exchange.started_ns) - exchange.started_ns,
            exchange.known_method,
            exchange.scope.get("scheme", "http"),
            exchange.route,
            exchange.status_code,
            exchange.error_type,
        )


class Ended(NamedTuple):
    """A span that is over: its attributes where it was a call of a model."""

    model_call: Mapping[str, Any] | None


PLAIN = Ended(None)
"""Most spans are no call of a model."""


class Instruments:
    """All of them, on one meter."""

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram(
            http_metrics.HTTP_SERVER_REQUEST_DURATION,
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._tokens = meter.create_histogram(
            USAGE,
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=TOKENS,
        )
        self._spans = meter.create_counter(
            SPANS_PROCESSED, unit="{span}", description="The number of spans for which the processing has finished."
        )

    def record(self, events: Sequence[Served | Ended]) -> None:
        """Record what has ended since the last time."""
        spans = 0
        for event in events:
            if isinstance(event, Served):
                self._duration.record(event.duration_ns / 1e9, _attributes(event))
                continue
            spans += 1
            if event.model_call is not None:
                self._record_tokens(event.model_call)
        if spans:
            self._spans.add(spans, COMPONENT)

    def _record_tokens(self, said: Mapping[str, Any]) -> None:
        usage = tokens_of(said) or {}
        attributes = {
            "gen_ai.operation.name": "embeddings" if _value(said.get("mlflow.spanType")) == "EMBEDDING" else "chat",
            "gen_ai.request.model": str(_value(said.get("mlflow.llm.model")) or "unknown"),
            "gen_ai.provider.name": str(_value(said.get("mlflow.llm.provider")) or "unknown"),
        }
        for direction in ("input", "output"):
            if (tokens := usage.get(f"{direction}_tokens")) is not None:
                self._tokens.record(tokens, {**attributes, "gen_ai.token.type": direction})


def _attributes(served: Served) -> dict[str, AttributeValue]:
    """None of them as many as there are requests: no path, no user."""
    attributes: dict[str, AttributeValue] = {
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
