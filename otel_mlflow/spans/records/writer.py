"""A finished trace, or more of one, written down once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from otel_mlflow import mlflow_names
from otel_mlflow.delivery.pacer import rest_if_due
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.guard import attempt, guarded
from otel_mlflow.http import semconv
from otel_mlflow.spans.metadata import RootSummary
from otel_mlflow.spans.mlflow.span_processors import apply_span_processors
from otel_mlflow.spans.mlflow.translation import translated, without_conventions
from otel_mlflow.spans.records.content import SpanContent
from otel_mlflow.spans.records.encoding import (
    RequestEncoder,
    add_attributes,
    add_event,
    encode_head,
    encode_rest,
    name_text,
    set_status,
    to_text,
)
from otel_mlflow.spans.records.folding import fold, kept, merged_attributes, shown_parent
from otel_mlflow.spans.records.previews import PreviewName, preview_of
from otel_mlflow.spans.records.request_run import RequestRunWriter
from otel_mlflow.spans.records.root_attributes import NEEDS_REQUEST, export_tags, needs_request
from otel_mlflow.spans.records.tokens import add_up, tokens_of
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG
from otel_mlflow.spans.trace import OpenTrace, SpanState

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.settings import Settings

LEFT_OUT = "otel_mlflow.spans_left_out"
UNWRITABLE = "otel_mlflow.error"
"""The attribute that says why a span could not be written."""

SCHEMA_VERSION = "3"
MAX_TAG_KEY = 250
MAX_SESSION = 250
MAX_METADATA_VALUE = 8000
"""Characters that MLflow's stores have room for (`trace_info.session_id`, `trace_request_metadata`)."""

MAX_TAG_VALUE = 4096
"""Characters that MLflow keeps of a tag (`mlflow.tracing.constant.MAX_CHARS_IN_TRACE_INFO_TAGS_*`)."""

STILL_OPEN = "still open when the client went away"
ABANDONED = "nobody ended it, and who opened it is gone"

_CUT_SHORT = {"GeneratorExit": "cut short: nobody read the generator to its end", "CancelledError": "cancelled"}


class TraceWriter:
    """Writes traces down as the settings say."""

    def __init__(self, settings: Settings, service_name: str, metadata: Callable[[], Mapping[str, str]]) -> None:
        self._content = SpanContent(settings.tracing)
        self._runs = RequestRunWriter(settings.runs, self._content)
        self._drops_framework = settings.tracing.framework_spans == "drop"
        self._max_depth = settings.tracing.max_trace_depth
        self._tags = {**settings.default_tags, "service.name": service_name}
        self._metadata = metadata

    def write(self, trace: OpenTrace, spans: list[SpanState], *, with_info: bool) -> TraceRecord:
        """One record of `spans`, and of the trace as a whole if `with_info`."""
        attempt(fold, spans)
        encoder = RequestEncoder()
        written: list[tuple[SpanState, ProtoSpan]] = []
        calls_before = trace.metadata.summary.calls
        # The root last: its tags sum up all the others.
        for state in sorted(spans, key=lambda state: state is trace.root):
            rest_if_due()
            if (span := state.readable or state.span) is not None:
                shown = self.nearest_exported(state)
                if shown is state:
                    written.append((state, self._write_guarded(encoder.add(span), trace, state, span)))
                elif not (state.framework and self._drops_framework) and state.folded_into is None:
                    shown.left_out += 1
        for state, proto in written:
            state.is_written = state.is_known_by_id = True
            if state.left_out:
                add_attributes(proto, {LEFT_OUT: state.left_out})
        is_more_used = add_up(trace, [state for state, _ in written])
        is_outdated = trace.metadata.summary.calls > calls_before or (is_more_used and self._runs.wanted)
        # MLflow's server works the state out anew from spans that come later: one that user code set must follow them.
        is_overruled = bool(written) and _explicit_state(trace) is not None
        with_info = with_info or ((is_outdated or is_overruled) and trace.root_summary is not None)
        return TraceRecord(
            trace_id=trace.identity.mlflow_trace_id,
            spans=encoder.to_bytes() if written else b"",
            info=self._info(trace) if with_info else b"",
            experiment=_experiment(trace),
            counted=trace.counted,
        )

    def nearest_exported(self, state: SpanState) -> SpanState:
        """The span itself if it is shown in MLflow, else the nearest one above it that is."""
        state = kept(state)
        while (above := shown_parent(state)) is not None and self._is_dropped(state):
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
            state = shown_parent(state)
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
        attributes = self._content.of_span(merged_attributes(state, readable))
        if state is trace.root:
            attributes = self._root_attributes(trace, attributes)
            _overlay_exchange(proto, trace)
        if (cut_short := _cut_short(state)) is not None:
            attributes[semconv.OUTCOME] = "cancelled"
            set_status(proto, StatusCode.ERROR, _CUT_SHORT.get(cut_short, f"cut short: {cut_short}"))
        self._content.clean(proto)
        attributes = self._translated(attributes, proto)
        state.tokens = tokens_of(attributes)
        trace.metadata.summary.add_span(
            proto.name,
            attributes,
            is_failed=proto.status.code == StatusCode.ERROR.value,
            duration_ms=max(proto.end_time_unix_nano - proto.start_time_unix_nano, 0) // 1_000_000,
        )
        if state is trace.root:
            trace.metadata.summary.add_root(attributes, proto)
            trace.root_summary = trace.root_summary or _root_summary(trace)
            attributes |= export_tags(trace.metadata, self._trace_tags(trace))
        add_attributes(proto, apply_span_processors(state, attributes, proto))

    def _translated(self, attributes: dict[str, Any], proto: ProtoSpan) -> dict[str, Any]:
        new = attempt(translated, attributes, proto)
        if isinstance(new, Exception):
            return without_conventions(attributes)
        return attributes | self._content.of_span(new) if new else attributes

    def _root_attributes(self, trace: OpenTrace, attributes: dict[str, Any]) -> dict[str, Any]:
        """What the request and user code set on the whole trace, on its root; the span's own attributes count first."""
        metadata = trace.metadata
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

    def _info(self, trace: OpenTrace) -> bytes:
        trace.root_summary = trace.root_summary or _root_summary(trace)
        metadata = trace.metadata
        info = {
            "client_request_id": self._content.text(_request_id(trace)),
            "request_time_ms": trace.root_summary.start_ns // 1_000_000,
            "execution_duration_ms": (trace.root_summary.end_ns - trace.root_summary.start_ns) // 1_000_000,
            "state": _explicit_state(trace) or trace.root_summary.state,
            "request_preview": self._content.preview(
                _preview(trace, "request_preview", metadata.inputs, metadata.exported_inputs)
            ),
            "response_preview": self._content.preview(
                _preview(trace, "response_preview", metadata.outputs, metadata.exported_outputs)
            ),
            "trace_metadata": self._trace_metadata(trace),
            "tags": self._trace_tags(trace),
        }
        info[NEEDS_REQUEST] = needs_request(trace, info)
        if trace.tokens:
            info["tokens"] = trace.tokens
        if trace.open_runs:
            info["open_runs"] = trace.open_runs
        if (run := self._runs.run(trace, info)) is not None:
            info["run"] = run
        return json.dumps(info, ensure_ascii=False).encode("utf-8", "replace")

    def _trace_metadata(self, trace: OpenTrace) -> dict[str, str]:
        own = {
            mlflow_names.TRACE_SESSION: trace.metadata.session,
            mlflow_names.TRACE_USER: trace.metadata.user,
            mlflow_names.SOURCE_RUN: trace.source_run,
        }
        explicit = {str(key): str(value) for key, value in trace.info.trace_metadata.items()} if trace.info else {}
        metadata = {
            **self._metadata(),
            mlflow_names.TRACE_SCHEMA_VERSION: SCHEMA_VERSION,
            **self._content.redacted({**{key: value for key, value in own.items() if value is not None}, **explicit}),
        }
        if mlflow_names.TRACE_SESSION in metadata:
            metadata[mlflow_names.TRACE_SESSION] = metadata[mlflow_names.TRACE_SESSION][:MAX_SESSION]
        return {key[:MAX_TAG_KEY]: value[:MAX_METADATA_VALUE] for key, value in metadata.items()}

    def _trace_tags(self, trace: OpenTrace) -> dict[str, str]:
        exchange = trace.exchange
        explicit = {**trace.metadata.tags, **(trace.info.tags if trace.info else {})}
        tags = {
            **self._tags,
            "otel.trace_id": f"{trace.identity.otel_trace_id:032x}",
            mlflow_names.TRACE_NAME: self._content.text(trace.root_summary.name if trace.root_summary else ""),
            SUMMARY_TAG: trace.metadata.summary.to_tag(),
            **self._content.redacted(semconv.trace_tags(exchange) if exchange is not None else {}),
            **self._content.redacted({str(key): str(value) for key, value in explicit.items()}),
        }
        return {key[:MAX_TAG_KEY]: value[:MAX_TAG_VALUE] for key, value in tags.items()}


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


def _root_summary(trace: OpenTrace) -> RootSummary:
    if (exchange := trace.exchange) is not None:
        state: Literal["OK", "ERROR"] = "OK" if exchange.outcome == "ok" else "ERROR"
        return RootSummary(exchange.name, exchange.started_ns, exchange.ended_ns or exchange.started_ns, state)
    root = trace.root.readable if trace.root is not None else None
    if root is None:
        return RootSummary("", 0, 0, "OK")
    state = "ERROR" if root.status.status_code is StatusCode.ERROR else "OK"
    return RootSummary(name_text(root.name), root.start_time or 0, root.end_time or 0, state)


def _request_id(trace: OpenTrace) -> str:
    explicit = trace.info.client_request_id if trace.info is not None else None
    return explicit or trace.metadata.client_request_id or ""


def _preview(trace: OpenTrace, name: PreviewName, content: str | None, exported: str | None) -> str | None:
    """What user code set through MLflow; else what it set through us once the root was handed over, too late for it."""
    explicit: str | None = getattr(trace.info, name, None)
    is_late = trace.root is None and content != exported
    return preview_of(content, name) if explicit is None and is_late and content is not None else explicit


def _explicit_state(trace: OpenTrace) -> str | None:
    """The state that user code gave the trace through `mlflow.update_current_trace`."""
    # MLflow before 3.10 has an enumeration whose text is its name in Python.
    state = str(getattr(trace.info.state, "value", trace.info.state)) if trace.info is not None else ""
    return state if state in ("OK", "ERROR") else None


@guarded
def _experiment(trace: OpenTrace) -> str | None:
    exchange = trace.exchange
    if exchange is not None and trace.experiment is None:
        trace.experiment = exchange.choose_experiment()
    return trace.experiment
