"""What an incoming `traceparent` means for the request's span and for its MLflow trace (CONTRACT: "Callers").

| the caller | in OpenTelemetry | in MLflow |
| --- | --- | --- |
| is none, or a header that cannot be understood | a new trace | a trace of its own |
| traces into MLflow, signed with our key, into the experiment of this request | its trace goes on | its trace goes on |
| … and has dropped its trace | its trace goes on | no trace, but of an error one of its own |
| any other that says it traces into MLflow | its trace goes on | a trace of its own, with a link |
| any other | its trace goes on | a trace of its own |

With `tracing.incoming: link` a new trace links to any caller, with `ignore` to none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

from otel_mlflow.guard import guarded
from otel_mlflow.http.exchange import Exchange
from otel_mlflow.http.headers import Headers
from otel_mlflow.spans.propagation import (
    MlflowSpanContext,
    believe,
    is_sampled,
    keep_in_global_propagator,
    read_mlflow_span_context,
)

if TYPE_CHECKING:
    from otel_mlflow.spans.trace import TraceOwner

logger = logging.getLogger("otel_mlflow")

NEEDS_KEY = (
    "a caller that traces into MLflow got a trace of its own; to join the traces of services that are yours, set "
    "tracing.caller_key to one secret in all of them"
)
Incoming = Literal["join", "link", "ignore"]


class Caller(NamedTuple):
    """Where the request's span starts.

    `context` holds the caller's span, `above`, where its OpenTelemetry trace goes on, and its baggage. `origin` is set
    where the caller traces into MLflow and our spans belong under its span; `known` where any caller was understood;
    `sampled` is False where a caller that is believed has dropped its trace.
    """

    context: Context
    above: SpanContext = INVALID_SPAN_CONTEXT
    links: tuple[Link, ...] = ()
    origin: MlflowSpanContext | None = None
    known: bool = False
    sampled: bool = True


class Callers:
    """Reads callers from request headers, with the application's global propagator."""

    def __init__(self, incoming: Incoming, owner: TraceOwner, advise: Callable[[str], None]) -> None:
        self._incoming = incoming
        self._owner = owner
        self._advise = advise
        self._propagator: object = None
        self._fields: dict[bytes, str] = {}
        self._names: frozenset[bytes] = frozenset()
        self._has_hinted = False

    def read(self, exchange: Exchange, surroundings: Context) -> Caller:
        """The caller that the headers name. A header that cannot be understood is no caller."""
        alone = set_span_in_context(INVALID_SPAN, surroundings) if surroundings else surroundings
        if propagate.get_global_textmap() is not self._propagator:
            self._follow()
        if self._names.isdisjoint(exchange.headers):
            return Caller(alone)
        return self._read(exchange, self._carrier(exchange.headers), alone) or Caller(alone)

    @guarded
    def of_span(self, exchange: Exchange, remote: SpanContext) -> Caller:
        """The caller that an instrumentation further out has read already: its span is the parent of its own."""
        return self._caller(exchange, Context(), remote)

    @guarded
    def _read(self, exchange: Exchange, carrier: dict[str, str], alone: Context) -> Caller:
        context = propagate.extract(carrier, alone)
        remote = get_current_span(context).get_span_context()
        return self._caller(exchange, context, remote) if remote.is_valid else Caller(context)

    def _caller(self, exchange: Exchange, context: Context, remote: SpanContext) -> Caller:
        if self._incoming != "join":
            links = (Link(remote),) if self._incoming == "link" else ()
            return Caller(set_span_in_context(INVALID_SPAN, context), links=links)
        above = remote
        if not remote.trace_flags.sampled:
            above = _sampled(remote)
            context = set_span_in_context(NonRecordingSpan(above), context)
        if read_mlflow_span_context(remote) is None:
            return Caller(context, above, known=True)
        origin = believe(remote, self._owner, exchange)
        if origin is None:
            self._hint()
            return Caller(context, above, links=(Link(remote),), known=True)
        if is_sampled(remote):
            return Caller(context, above, origin=origin, known=True)
        return Caller(context, above, links=(Link(remote),), known=True, sampled=False)

    def _hint(self) -> None:
        """Say once what would join two services of one owner."""
        if not self._has_hinted and self._owner.caller_key.is_missing:
            self._has_hinted = True
            logger.info(NEEDS_KEY)
            self._advise(NEEDS_KEY)

    def _carrier(self, headers: Headers) -> dict[str, str]:
        return {field: headers[name].decode("latin-1") for name, field in self._fields.items() if name in headers}

    @guarded
    def _follow(self) -> None:
        """The application has set a propagator: ours goes behind it, so that callers and services still find us."""
        self._propagator = propagator = keep_in_global_propagator()
        self._fields = {field.lower().encode("latin-1"): field for field in propagator.fields}
        self._names = frozenset(self._fields)


def _sampled(remote: SpanContext) -> SpanContext:
    """The flag of a caller decides about its own backends; what is recorded here is decided at the end."""
    flags = TraceFlags(remote.trace_flags | TraceFlags.SAMPLED)
    return SpanContext(remote.trace_id, remote.span_id, remote.is_remote, flags, remote.trace_state)
