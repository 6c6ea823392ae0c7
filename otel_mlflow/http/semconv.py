"""The attributes of a request's span, in the stable names of OpenTelemetry's HTTP semantic conventions (1.23 and on).

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from otel_mlflow.http.exceptions import ExceptionRecord
    from otel_mlflow.http.exchange import Exchange

Attributes = dict[str, AttributeValue]

TIME_TO_FIRST_BYTE = "otel_mlflow.time_to_first_byte_ms"
OUTCOME = "otel_mlflow.outcome"
CLOSE_CODE = "websocket.close_code"

FROM_OUTSIDE = ("url.path", "url.query", "user_agent.original", "http.request.method_original")
"""Those whose text the caller chose, so that there may be a secret in it."""

_HOST = re.compile(r"(?P<address>.*):(?P<port>[0-9]{1,5})", re.DOTALL)
_LAST_PORT = 65535

_NANOSECONDS_PER_MILLISECOND = 1_000_000


def at_start(exchange: Exchange) -> Attributes:
    """What the request says before the application has seen it; the query is as it came, secrets and all."""
    scope, headers = exchange.scope, exchange.headers
    attributes: Attributes = {
        "http.request.method": exchange.known_method,
        "url.scheme": scope.get("scheme", "http"),
        "url.path": exchange.path,
    }
    if exchange.query:
        attributes["url.query"] = exchange.query
    if version := scope.get("http_version"):
        attributes["network.protocol.version"] = version
    if client := scope.get("client"):
        attributes["client.address"] = client[0]
    if agent := headers.get(b"user-agent"):
        attributes["user_agent.original"] = agent.decode("latin-1")
    if exchange.known_method != exchange.method:
        attributes["http.request.method_original"] = exchange.method
    return {**attributes, **_server(exchange)}


def at_end(exchange: Exchange) -> Attributes:
    """What is known when the response is over."""
    attributes: Attributes = {OUTCOME: exchange.outcome}
    if exchange.status_code is not None:
        attributes["http.response.status_code"] = exchange.status_code
    if exchange.route is not None:
        attributes["http.route"] = exchange.route
    if exchange.close_code is not None:
        attributes[CLOSE_CODE] = exchange.close_code
    if (error := exchange.error_type) is not None:
        attributes["error.type"] = error
    if exchange.streamed and exchange.first_byte_ns is not None:
        waited = exchange.first_byte_ns - exchange.started_ns
        attributes[TIME_TO_FIRST_BYTE] = waited / _NANOSECONDS_PER_MILLISECOND
    return attributes


def trace_tags(exchange: Exchange) -> dict[str, str]:
    """The trace's tags that come from the exchange."""
    tags = {"http.method": exchange.method, OUTCOME: exchange.outcome}
    if exchange.route is not None:
        tags["http.route"] = exchange.route
    if exchange.status_code is not None:
        tags["http.status_code"] = str(exchange.status_code)
    if exchange.close_code is not None:
        tags[CLOSE_CODE] = str(exchange.close_code)
    return tags


def tags_of_server_span(span: ReadableSpan) -> dict[str, str]:
    """The same tags for a request that another instrumentation has traced, in the old names of attributes or the new.

    Empty for a span that stands for no HTTP request.
    """
    attributes = span.attributes or {}
    found = {
        "http.method": attributes.get("http.request.method") or attributes.get("http.method"),
        "http.route": attributes.get("http.route"),
        "http.status_code": attributes.get("http.response.status_code") or attributes.get("http.status_code"),
    }
    if span.kind is not SpanKind.SERVER or found["http.method"] is None:
        return {}
    outcome = "error" if span.status.status_code is StatusCode.ERROR else "ok"
    return {OUTCOME: outcome} | {key: str(value) for key, value in found.items() if value is not None}


def exception(record: ExceptionRecord) -> Attributes:
    """The attributes of the event that an exception is (semantic conventions, "Recording exceptions")."""
    return {
        "exception.type": record.type,
        "exception.message": record.message,
        "exception.stacktrace": record.stacktrace,
    }


def status(exchange: Exchange) -> tuple[StatusCode, str | None]:
    """The status of a request's span: an exception or a 5xx is an error, and what was cut short is no success."""
    if exchange.outcome == "ok":
        return StatusCode.OK, None
    if exchange.outcome == "cancelled":
        return StatusCode.ERROR, "cancelled: the client went away" if exchange.client_left else "cancelled"
    record = exchange.exception
    if record is not None:
        return StatusCode.ERROR, f"{record.type}: {record.message}"
    if exchange.close_code is not None:
        return StatusCode.ERROR, f"WebSocket closed with {exchange.close_code}"
    return StatusCode.ERROR, f"HTTP {exchange.status_code}"


def _server(exchange: Exchange) -> Mapping[str, AttributeValue]:
    if host := exchange.headers.get(b"host"):
        return _named_server(host.decode("latin-1"))
    server = exchange.scope.get("server")
    return {"server.address": server[0]} | ({"server.port": server[1]} if server[1] else {}) if server else {}


@lru_cache(256)
def _named_server(host: str) -> Mapping[str, AttributeValue]:
    """The server by the name that the caller has for it."""
    match = _HOST.fullmatch(host)
    if match is None or int(match["port"]) > _LAST_PORT:
        return {"server.address": host.strip("[]")}
    return {"server.address": match["address"].strip("[]"), "server.port": int(match["port"])}
