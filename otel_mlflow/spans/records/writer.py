"""A finished trace, or more of one, written down once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from otel_mlflow import mlflow_names
from otel_mlflow.delivery.experiment_choice import REJECTED_TAG
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.guard import attempt
from otel_mlflow.http import semconv
from otel_mlflow.pacing import rest_if_due
from otel_mlflow.spans.mlflow.span_processors import apply_span_processors
from otel_mlflow.spans.mlflow.translation import translated, without_conventions
from otel_mlflow.spans.records.content import SpanContent
from otel_mlflow.spans.records.encoding import (
    UNWRITABLE,
    add_attributes,
    add_event,
    encode_head,
    encode_rest,
    set_status,
    to_text,
)
from otel_mlflow.spans.records.folding import after_folding, fold, merged_attributes, parent_after_folding
from otel_mlflow.spans.records.model_calls import may_be_told_twice
from otel_mlflow.spans.records.request_encoder import LARGEST_PIECE, LARGEST_SPAN, RequestEncoder, ResourceEncoder
from otel_mlflow.spans.records.root_attributes import export_tags
from otel_mlflow.spans.records.running_summary import WrittenSpan
from otel_mlflow.spans.records.tokens import count_tokens, tokens_of
from otel_mlflow.spans.records.trace_info import MAX_SESSION, TraceInfoWriter, explicit_state, summarize_root
from otel_mlflow.spans.trace import OpenTrace, SpanState

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.settings import Settings

FEW_ATTRIBUTES = 6
SHORT = 200
"""Attributes, and characters of each, of a span that is quickly written."""

LEFT_OUT = "otel_mlflow.spans_left_out"
STILL_OPEN = "still open when the client went away"
ABANDONED = "nobody ended it, and who opened it is gone"

_ERROR = StatusCode.ERROR.value

_CUT_SHORT = {"GeneratorExit": "cut short: nobody read the generator to its end", "CancelledError": "cancelled"}


class TraceWriter:
    """Writes traces down as the settings say."""

    def __init__(
        self,
        settings: Settings,
        service_name: str,
        metadata: Callable[[], Mapping[str, str]],
        *,
        largest_piece: int = LARGEST_PIECE,
        largest_span: int = LARGEST_SPAN,
    ) -> None:
        self._longest = settings.tracing.max_content_bytes
        self._content = SpanContent(settings.tracing)
        self._new_encoder = functools.partial(
            RequestEncoder,
            ResourceEncoder(self._content.redacted),
            largest_piece=largest_piece,
            largest_span=largest_span,
        )
        self._info = TraceInfoWriter(settings, service_name, self._content, metadata)
        self._drops_framework = settings.tracing.framework_spans == "drop"
        self._max_depth = settings.tracing.max_trace_depth

    def write(self, trace: OpenTrace, spans: list[SpanState], *, is_changed: bool) -> TraceRecord:
        """One record of `spans`, and of the trace as a whole if that `is_changed` and no other process tells of it."""
        attempt(fold, trace, spans)
        experiment = _choose_experiment(trace)
        encoder = self._new_encoder()
        before = trace.tokens, trace.metadata.summary.calls_written
        written = self._write_spans(encoder, trace, spans)
        is_outdated = before != (trace.tokens, trace.metadata.summary.calls_written)
        # MLflow's server works the state out anew from spans that come later: one that user code set must follow them.
        is_overruled = bool(written) and explicit_state(trace) is not None
        told_until_ns = trace.metadata.told_until_ns
        is_longer = told_until_ns is not None and trace.last_end_ns > told_until_ns
        is_changed = is_changed or ((is_outdated or is_overruled or is_longer) and trace.root_summary is not None)
        root_tags, trace.metadata.root_tags = trace.metadata.root_tags, None
        *earlier, spans_of_last = encoder.to_pieces() if written else [b""]
        return TraceRecord(
            trace_id=trace.identity.mlflow_trace_id,
            spans=spans_of_last,
            info=self._info.write(trace, root_tags) if is_changed and not trace.fragment else b"",
            experiment=experiment,
            counted=trace.counted,
            earlier=tuple(earlier),
        )

    def writes_quickly(self, state: SpanState) -> bool:
        """Whether a span is short, and neither it nor the one above it shows a call that others may show, too.

        Where functions of the application's own are called with what leaves, none is: they may take any time.
        """
        span = state.readable
        if span is None or state.run is not None or state.attachments or may_be_told_twice(span):
            return False
        if state.maskers or self._content.calls_user_code:
            return False
        attributes = span.attributes or {}
        if len(attributes) > FEW_ATTRIBUTES or span.events or span.links or self._is_below_foldable(state):
            return False
        return all(map(_is_short, (span.name, span.status.description, *attributes.values())))

    def write_spans(self, trace: OpenTrace, spans: list[SpanState]) -> list[bytes]:
        """Spans that are quickly written, as requests of OTLP's."""
        encoder = self._new_encoder()
        return encoder.to_pieces() if self._write_spans(encoder, trace, spans) else []

    def _is_below_foldable(self, state: SpanState) -> bool:
        above = self.nearest_exported(state.parent) if state.parent is not None else None
        span = (above.readable or above.span) if above is not None else None
        return span is not None and may_be_told_twice(span)

    def runs(self, trace: OpenTrace) -> dict[str, Any]:
        """What a trace's info says of the runs of its request, where another process tells all else of it."""
        return self._info.runs(trace)

    def _write_spans(self, encoder: RequestEncoder, trace: OpenTrace, spans: list[SpanState]) -> list[SpanState]:
        """Write the spans that MLflow is going to show; answer which they are."""
        protos: dict[SpanState, ProtoSpan] = {}
        # The root last: its tags sum up all the others.
        root = [state for state in spans if state is trace.root]
        for state in [state for state in spans if state is not trace.root] + root:
            rest_if_due()
            if (span := state.readable or state.span) is not None:
                shown = self.nearest_exported(state)
                if shown is state:
                    proto = protos[state] = self._write_guarded(encoder.add(span), trace, state, span)
                    state.is_written = state.is_known_by_id = True
                    trace.last_end_ns = max(trace.last_end_ns, proto.end_time_unix_nano)
                elif not (state.framework and self._drops_framework) and state.folded_into is None:
                    shown.left_out += 1
        for state in [state for state in protos if state.left_out]:
            add_attributes(protos[state], {LEFT_OUT: state.left_out})
        return list(protos)

    def nearest_exported(self, state: SpanState) -> SpanState:
        """The span itself if it is shown in MLflow, else the nearest one above it that is."""
        state = after_folding(state)
        while self._is_dropped(state) and (above := parent_after_folding(state)) is not None:
            state = above
        return state

    def _is_dropped(self, state: SpanState) -> bool:
        if state.framework and self._drops_framework:
            return True
        return self._max_depth is not None and self._depth(state) > self._max_depth

    def _depth(self, state: SpanState | None) -> int:
        depth = 0
        while state is not None:
            depth += not (state.framework and self._drops_framework)
            state = parent_after_folding(state)
        return depth

    def _write_guarded(self, proto: ProtoSpan, trace: OpenTrace, state: SpanState, readable: ReadableSpan) -> ProtoSpan:
        """Write a span. One that cannot be written costs itself alone: what can be said of it stands in for it."""
        error = attempt(self._write_span, proto, trace, state, readable)
        if isinstance(error, Exception):
            proto.Clear()
            encode_head(proto, readable)
            self._write_place(proto, trace, state)
            why = f"otel-mlflow could not write this span: {type(error).__name__}: {to_text(error)}"
            set_status(proto, readable.status.status_code, why)
            add_attributes(proto, {mlflow_names.SPAN_TYPE: "UNKNOWN", UNWRITABLE: why})
            self._content.clean(proto)
        return proto

    def _write_place(self, proto: ProtoSpan, trace: OpenTrace, state: SpanState) -> None:
        proto.trace_id = trace.identity.mlflow_trace_id_int.to_bytes(16, "big")
        proto.span_id = state.span_id.to_bytes(8, "big")
        parent_id = state.remote_parent_id
        if state.parent is not None:
            parent = self.nearest_exported(state.parent)
            parent.is_written = parent.is_known_by_id = True
            parent_id = parent.span_id
        if parent_id is not None:
            proto.parent_span_id = parent_id.to_bytes(8, "big")

    def _write_span(self, proto: ProtoSpan, trace: OpenTrace, state: SpanState, readable: ReadableSpan) -> None:
        encode_head(proto, readable)
        self._write_place(proto, trace, state)
        encode_rest(proto, readable)
        attributes = self._content.of_span(merged_attributes(state, readable, self._longest))
        if state is trace.root:
            attributes = self._root_attributes(trace, attributes)
            _overlay_exchange(proto, trace)
        if (cut_short := _cut_short(state)) is not None:
            attributes[semconv.OUTCOME] = "cancelled"
            set_status(proto, StatusCode.ERROR, _CUT_SHORT.get(cut_short, f"cut short: {cut_short}"))
        self._content.clean(proto)
        attributes = self._translated(attributes, proto)
        count_tokens(trace, state, tokens_of(attributes))
        _summarize(trace, state, proto, attributes)
        if state is trace.root:
            trace.metadata.summary.add_root(attributes, proto)
            summarize_root(trace)
            trace.metadata.root_tags = self._info.tags(trace)
            attributes |= export_tags(trace.metadata, trace.metadata.root_tags)
        add_attributes(proto, apply_span_processors(state, attributes, proto))

    def _translated(self, attributes: dict[str, Any], proto: ProtoSpan) -> dict[str, Any]:
        if not attributes and not proto.events:
            return attributes
        new = attempt(translated, attributes, proto)
        if isinstance(new, Exception):
            return without_conventions(attributes)
        return attributes | self._content.of_span(new) if new else attributes

    def _root_attributes(self, trace: OpenTrace, attributes: dict[str, Any]) -> dict[str, Any]:
        """What the request and user code set on the whole trace, on its root; the span's own attributes count first."""
        metadata = trace.metadata
        if metadata.exported is None:
            metadata.exported_inputs, metadata.exported_outputs = metadata.inputs, metadata.outputs
        known = {mlflow_names.SPAN_TYPE: "UNKNOWN", **self._from_exchange(trace.exchange), **attributes}
        explicit = {
            mlflow_names.SPAN_INPUTS: metadata.inputs,
            mlflow_names.SPAN_OUTPUTS: metadata.outputs,
            mlflow_names.SESSION_ID: metadata.session[:MAX_SESSION] if metadata.session is not None else None,
            mlflow_names.USER_ID: metadata.user,
        }
        return known | self._content.of_span({key: value for key, value in explicit.items() if value is not None})

    def _from_exchange(self, exchange: Exchange | None) -> dict[str, Any]:
        if exchange is None:
            return {}
        attributes = semconv.at_start(exchange) | semconv.at_end(exchange)
        from_outside = {key: attributes.pop(key) for key in semconv.FROM_OUTSIDE if key in attributes}
        return attributes | self._content.of_span(from_outside) | self._content.of_exchange(exchange)


def _is_short(value: Any) -> bool:
    return len(value) <= SHORT if isinstance(value, str) else value is None or isinstance(value, (bool, int, float))


def _summarize(trace: OpenTrace, state: SpanState, proto: ProtoSpan, attributes: Mapping[str, Any]) -> None:
    """Count the span in the trace's summary; the root once, also where it is told anew."""
    is_root = state is trace.root
    if is_root and trace.metadata.exported is not None:
        return
    is_failed = proto.status.code == _ERROR
    duration_ms = max(proto.end_time_unix_nano - proto.start_time_unix_nano, 0) // 1_000_000
    span = WrittenSpan(proto.name, attributes, is_failed, duration_ms, is_root)
    trace.metadata.summary.add(state.span_id, span, has_ended=state.ended or is_root)


def _cut_short(state: SpanState) -> str | None:
    if state.ended:
        return state.cut_short
    return ABANDONED if state.abandoned else STILL_OPEN


def _overlay_exchange(proto: ProtoSpan, trace: OpenTrace) -> None:
    """The root says what the middleware saw, also where another instrumentation opened the span."""
    exchange = trace.exchange
    if exchange is None:
        return
    proto.name = exchange.name
    if exchange.ended_ns is not None:
        proto.end_time_unix_nano = max(exchange.ended_ns, proto.start_time_unix_nano)
    set_status(proto, *semconv.status(exchange))
    if exchange.exception is not None and exchange.exception.stacktrace:
        add_event(proto, "exception", proto.end_time_unix_nano, semconv.exception(exchange.exception))


def _choose_experiment(trace: OpenTrace) -> str | None:
    """The experiment of the trace; where user code fails to name it, a tag says so."""
    exchange = trace.exchange
    if exchange is not None and trace.experiment is None:
        trace.experiment = exchange.choose_experiment()
        if (error := exchange.experiment_error) is not None:
            trace.tags.setdefault(REJECTED_TAG, f"experiment_for raised {type(error).__name__}")
    return trace.experiment
