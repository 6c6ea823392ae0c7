"""What an incoming `traceparent` means for the request's span and for its MLflow trace (CONTRACT: "Callers")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

from otel_mlflow.http.headers import Headers
from otel_mlflow.spans.propagation import MlflowSpanContext, keep_in_global_propagator, read_mlflow_span_context

Incoming = Literal["join", "link", "ignore"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Where the request's span starts.

    `context` holds the caller's span where the caller's OpenTelemetry trace goes on, and its baggage. `origin` is set
    where the caller traces into MLflow and our spans belong under its span; `known` where any caller was understood.
    """

    context: Context
    links: tuple[Link, ...] = ()
    origin: MlflowSpanContext | None = None
    known: bool = False


class Callers:
    """Reads callers from request headers, with the application's global propagator."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._propagator: object = None
        self._fields: tuple[tuple[bytes, str], ...] = ()

    def read(self, headers: Headers, surroundings: Context) -> Caller:
        """The caller that `headers` name. A header that cannot be understood is no caller."""
        carrier = self._carrier(headers)
        alone = set_span_in_context(INVALID_SPAN, surroundings) if surroundings else surroundings
        if not carrier:
            return Caller(alone)
        context = propagate.extract(carrier, alone)
        remote = get_current_span(context).get_span_context()
        if not remote.is_valid:
            return Caller(context)
        return self._caller(context, remote)

    def _caller(self, context: Context, remote: SpanContext) -> Caller:
        if self._incoming != "join":
            links = (Link(remote),) if self._incoming == "link" else ()
            return Caller(set_span_in_context(INVALID_SPAN, context), links)
        origin = read_mlflow_span_context(remote)
        if origin is None and not remote.trace_flags.sampled:
            context = set_span_in_context(NonRecordingSpan(_sampled(remote)), context)
        return Caller(context, origin=origin, known=True)

    def _carrier(self, headers: Headers) -> dict[str, str]:
        propagator = propagate.get_global_textmap()
        if propagator is not self._propagator:
            # The application has set another one: ours goes behind it, so that callers and services still find us.
            self._propagator = propagator = keep_in_global_propagator()
            self._fields = tuple((field.lower().encode("latin-1"), field) for field in propagator.fields)
        return {field: headers[name].decode("latin-1") for name, field in self._fields if name in headers}


def _sampled(remote: SpanContext) -> SpanContext:
    """The flag of a caller that does not trace into MLflow says nothing about whether we should."""
    flags = TraceFlags(remote.trace_flags | TraceFlags.SAMPLED)
    return SpanContext(remote.trace_id, remote.span_id, remote.is_remote, flags, remote.trace_state)
