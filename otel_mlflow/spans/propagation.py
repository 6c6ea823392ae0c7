"""Telling the next service which MLflow trace a call belongs to, and reading what a caller told us.

The W3C `tracestate` entry `otelmlflow=<trace id>-<span id>` names the MLflow trace and the innermost of its spans that
MLflow holds; `-<time>-<signature>` follows where `tracing.caller_key` is set (`caller_key.py` says what that proves). A
service in between that knows nothing of MLflow passes it on unchanged (W3C Trace Context section 3.3), so the span id
tells whether `traceparent` still names a span that MLflow will see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, TraceState, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from otel_mlflow.guard import guarded
from otel_mlflow.spans.current import current_span_state

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.spans.trace import TraceOwner

TRACESTATE = "tracestate"
TRACESTATE_KEY = "otelmlflow"
RECORDED = ("otelmlflow-recorded", "1")
"""The entry that tells that MLflow records a trace which the sampled flag denies: the flag is for other backends."""

MAX_ENTRIES = 32
"""Of `tracestate`: where it is full, the last state gives way (W3C Trace Context section 3.3.1.1)."""

TRUSTED = context_api.create_key("otel-mlflow-trusted")
"""Context key: the caller that this context was read from is believed without a signature, for user code named it."""

_ORIGIN = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([0-9a-f]{8}-[0-9a-f]{32}))?")


@dataclass(frozen=True, slots=True)
class MlflowSpanContext:
    """Where a call came from in MLflow's terms: the trace, and the span of it that was current."""

    trace_id: int
    span_id: int
    signature: str = ""

    def __str__(self) -> str:
        return f"{self.trace_id:032x}-{self.span_id:016x}"


def read_mlflow_span_context(remote: SpanContext) -> MlflowSpanContext | None:
    """What the caller claims in `tracestate`, if it traces into MLflow through us."""
    match = _ORIGIN.fullmatch(remote.trace_state.get(TRACESTATE_KEY) or "") if remote.trace_state else None
    return MlflowSpanContext(int(match[1], 16), int(match[2], 16), match[3] or "") if match else None


def believe(
    remote: SpanContext, owner: TraceOwner, exchange: Exchange | None = None, *, at: float | None = None
) -> MlflowSpanContext | None:
    """What the caller claims, if a service with our key says so of a trace in the same experiment.

    `at` is when the call came, in seconds since the epoch, if that is not now.
    """
    claim = read_mlflow_span_context(remote)
    if claim is None or not claim.signature:
        return None
    is_ours = owner.caller_key.vouches_for(str(claim), claim.signature, owner.experiments(exchange), at=at)
    return claim if is_ours else None


def is_sampled(remote: SpanContext) -> bool:
    """Whether MLflow records the caller's trace, where the caller traces into MLflow."""
    return remote.trace_flags.sampled or remote.trace_state.get(RECORDED[0]) == RECORDED[1]


class MlflowPropagator(TextMapPropagator):
    """Adds our state to the `tracestate` of outgoing calls; reading it is left to the W3C propagator."""

    @override
    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        return context if context is not None else Context()

    @override
    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        entries = _tracestate(context)
        if entries is not None:
            setter.set(carrier, TRACESTATE, entries.to_header())

    @override
    @property
    def fields(self) -> set[str]:
        return {TRACESTATE}


@guarded
def _tracestate(context: Context | None) -> TraceState | None:
    """The entries of an outgoing call: ours first, then those that were there."""
    state = current_span_state(context)
    if state is None or state.trace.export.discarded:
        return None
    current = get_current_span(context).get_span_context() or INVALID_SPAN_CONTEXT
    trace, owner = state.trace, state.trace.owner
    parent = owner.nearest_exported(state)
    parent.is_known_by_id = True
    span = str(MlflowSpanContext(trace.identity.mlflow_trace_id_int, parent.span_id))
    own = owner.caller_key.signed(span, owner.experiments(trace.exchange)[0])
    ours = [(TRACESTATE_KEY, own)] if current.trace_flags.sampled else [(TRACESTATE_KEY, own), RECORDED]
    others = [item for item in current.trace_state.items() if item[0] not in (TRACESTATE_KEY, RECORDED[0])]
    return TraceState([*ours, *others[: MAX_ENTRIES - len(ours)]])


MLFLOW_PROPAGATOR = MlflowPropagator()

W3C_PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator(), MLFLOW_PROPAGATOR])
"""What `carrier()` is written and read with, whatever the application's global propagator is."""


class _WithMlflow(CompositePropagator):
    """The application's own global propagator, and ours after it.

    Whoever looks for a propagator of theirs in the global place (Logfire does, to take it apart) finds it.
    """

    def __init__(self, application: TextMapPropagator) -> None:
        super().__init__([application, MLFLOW_PROPAGATOR])
        self.application = application

    @property  # type: ignore[misc]
    def __class__(self) -> type[TextMapPropagator]:  # type: ignore[override]
        return type(self.application)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.application, name)


def keep_in_global_propagator() -> TextMapPropagator:
    """Put our propagator behind the application's global one, unless it is there; answer the two together."""
    current = propagate.get_global_textmap()
    if not isinstance(current, _WithMlflow):
        current = _WithMlflow(current)
        propagate.set_global_textmap(current)
    return current


def remove_from_global_propagator() -> None:
    """Give the application its own global propagator back."""
    current = propagate.get_global_textmap()
    if isinstance(current, _WithMlflow):
        propagate.set_global_textmap(current.application)
