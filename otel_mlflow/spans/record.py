"""A finished trace, or more of one, written down once."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from otel_mlflow import http_attributes
from otel_mlflow.guard import guarded
from otel_mlflow.spans import mlflow_names
from otel_mlflow.spans.content import SpanContent
from otel_mlflow.spans.encoding import RequestEncoder, add_attributes, add_event, attributes_of, set_status
from otel_mlflow.spans.entries import SpanEntry
from otel_mlflow.spans.facts import TraceOutline
from otel_mlflow.spans.gathering import OpenTrace
from otel_mlflow.spans.request_run import RequestRunWriter
from otel_mlflow.spans.tokens import add_up, tokens_of
from otel_mlflow.spans.trace_summary import EXCEPTION_TYPE, SUMMARY_TAG, TraceSummary
from otel_mlflow.spans.translation import NotTranslatableError, translated, without_conventions

if TYPE_CHECKING:
    from otel_mlflow.exchange import Exchange
    from otel_mlflow.settings import Settings

LEFT_OUT = "otel_mlflow.spans_left_out"
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


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """What delivery carries: one trace, or a fragment of one.

    `trace_id` is MLflow's (`tr-…`); `spans` a serialized OTLP `ExportTraceServiceRequest`; `info` the JSON of what
    OTLP does not carry, empty for a fragment; `experiment` the name of the experiment chosen for this request, None
    for the configured one; `counted` tells whether the record stands for a request.
    """

    trace_id: str
    spans: bytes
    info: bytes
    experiment: str | None
    counted: bool


class TraceWriter:
    """Writes traces down as the settings say."""

    def __init__(self, settings: Settings, service_name: str, metadata: Callable[[], Mapping[str, str]]) -> None:
        self._content = SpanContent(settings.tracing)
        self._runs = RequestRunWriter(settings.runs, self._content)
        self._drops_framework = settings.tracing.framework_spans == "drop"
        self._max_depth = settings.tracing.max_trace_depth
        self._tags = {**settings.default_tags, "service.name": service_name}
        self._metadata = metadata
        self._summaries: weakref.WeakKeyDictionary[OpenTrace, TraceSummary] = weakref.WeakKeyDictionary()

    def write(self, trace: OpenTrace, spans: list[SpanEntry], *, with_info: bool) -> TraceRecord:
        """One record of `spans`, and of the trace as a whole if `with_info`."""
        encoder = RequestEncoder()
        summary = self._summaries.setdefault(trace, TraceSummary())
        calls_before = summary.calls
        written: list[tuple[SpanEntry, ProtoSpan]] = []
        for entry in spans:
            if (span := entry.readable or entry.span) is not None:
                kept = self.kept(entry)
                if kept is entry:
                    written.append((entry, self._write_span(encoder, trace, entry, span)))
                elif not (entry.framework and self._drops_framework):
                    kept.left_out += 1
        for entry, proto in written:
            if entry.left_out:
                add_attributes(proto, {LEFT_OUT: entry.left_out})
        is_more_used = add_up(trace, [entry for entry, _ in written])
        is_outdated = summary.calls > calls_before or (is_more_used and self._runs.wanted)
        with_info = with_info or (is_outdated and trace.outline is not None)
        return TraceRecord(
            trace_id=trace.name,
            spans=encoder.to_bytes() if written else b"",
            info=self._info(trace) if with_info else b"",
            experiment=_experiment(trace),
            counted=trace.counted,
        )

    def kept(self, entry: SpanEntry) -> SpanEntry:
        """The span itself if it is shown in MLflow, else the nearest one above it that is."""
        while entry.parent is not None and self._is_dropped(entry):
            entry = entry.parent
        return entry

    def _is_dropped(self, entry: SpanEntry) -> bool:
        if entry.framework and self._drops_framework:
            return True
        return self._max_depth is not None and self._depth(entry) > self._max_depth

    def _depth(self, entry: SpanEntry | None) -> int:
        depth = 0
        while entry is not None:
            depth += not (entry.framework and self._drops_framework)
            entry = entry.parent
        return depth

    def _write_span(
        self, encoder: RequestEncoder, trace: OpenTrace, entry: SpanEntry, readable: ReadableSpan
    ) -> ProtoSpan:
        proto = encoder.add(readable)
        proto.trace_id = trace.trace_id.to_bytes(16, "big")
        parent_id = self.kept(entry.parent).span_id if entry.parent is not None else entry.remote_parent_id
        if parent_id is not None:
            proto.parent_span_id = parent_id.to_bytes(8, "big")
        attributes = self._content.of_span(attributes_of(readable, entry.json_keys))
        if entry is trace.root:
            attributes = self._root_attributes(trace, attributes)
            _overlay_exchange(proto, trace)
        if (cut_short := _cut_short(entry)) is not None:
            attributes[http_attributes.OUTCOME] = "cancelled"
            set_status(proto, StatusCode.ERROR, _CUT_SHORT.get(cut_short, f"cut short: {cut_short}"))
        self._content.clean(proto)
        attributes = self._in_mlflow_s_words(attributes, proto)
        entry.tokens = tokens_of(attributes)
        add_attributes(proto, attributes)
        self._summarize(trace, entry, attributes, proto)
        return proto

    def _summarize(self, trace: OpenTrace, entry: SpanEntry, attributes: dict[str, Any], proto: ProtoSpan) -> None:
        summary = self._summaries[trace]
        summary.add_span(proto.name, attributes, is_failed=proto.status.code == StatusCode.ERROR.value)
        if entry is trace.root:
            summary.time_to_first_byte_ms = attributes.get(http_attributes.TIME_TO_FIRST_BYTE)
            if attributes.get(http_attributes.OUTCOME, "error") == "error":
                summary.error_type = attributes.get("error.type") or _exception_type(proto)

    def _in_mlflow_s_words(self, attributes: dict[str, Any], proto: ProtoSpan) -> dict[str, Any]:
        try:
            new = translated(attributes, proto)
        except NotTranslatableError:
            return without_conventions(attributes)
        return attributes | self._content.of_span(new) if new else attributes

    def _root_attributes(self, trace: OpenTrace, attributes: dict[str, Any]) -> dict[str, Any]:
        """What the request and user code say of the whole trace, on its root; the span's own word counts first."""
        facts = trace.facts
        known = {mlflow_names.SPAN_TYPE: "UNKNOWN", **self._from_exchange(trace.exchange), **attributes}
        said = {
            mlflow_names.SPAN_INPUTS: facts.inputs,
            mlflow_names.SPAN_OUTPUTS: facts.outputs,
            mlflow_names.SESSION_ID: facts.session[:MAX_SESSION] if facts.session is not None else None,
            mlflow_names.USER_ID: facts.user,
        }
        return known | self._content.of_span({key: value for key, value in said.items() if value is not None})

    def _from_exchange(self, exchange: Exchange | None) -> dict[str, Any]:
        if exchange is None:
            return {}
        attributes = http_attributes.at_start(exchange) | http_attributes.at_end(exchange)
        from_outside = {key: attributes.pop(key) for key in http_attributes.FROM_OUTSIDE if key in attributes}
        return attributes | self._content.of_span(from_outside) | self._content.of_exchange(exchange)

    def _info(self, trace: OpenTrace) -> bytes:
        trace.outline = trace.outline or _outline(trace)
        said = trace.info
        info = {
            "client_request_id": self._content.text(_request_id(trace)),
            "request_time_ms": trace.outline.start_ns // 1_000_000,
            "execution_duration_ms": (trace.outline.end_ns - trace.outline.start_ns) // 1_000_000,
            "state": _said_state(trace) or trace.outline.state,
            "request_preview": self._content.preview(said.request_preview if said else None),
            "response_preview": self._content.preview(said.response_preview if said else None),
            "trace_metadata": self._trace_metadata(trace),
            "tags": self._trace_tags(trace),
        }
        if trace.tokens:
            info["tokens"] = trace.tokens
        if (run := self._runs.run(trace, info)) is not None:
            info["run"] = run
        return json.dumps(info, ensure_ascii=False).encode("utf-8", "replace")

    def _trace_metadata(self, trace: OpenTrace) -> dict[str, str]:
        facts = trace.facts
        own = {
            mlflow_names.TRACE_SESSION: facts.session,
            mlflow_names.TRACE_USER: facts.user,
            mlflow_names.SOURCE_RUN: trace.source_run,
        }
        said = {str(key): str(value) for key, value in trace.info.trace_metadata.items()} if trace.info else {}
        metadata = {
            **self._metadata(),
            mlflow_names.TRACE_SCHEMA_VERSION: SCHEMA_VERSION,
            **self._content.redacted({**{key: value for key, value in own.items() if value is not None}, **said}),
        }
        if mlflow_names.TRACE_SESSION in metadata:
            metadata[mlflow_names.TRACE_SESSION] = metadata[mlflow_names.TRACE_SESSION][:MAX_SESSION]
        return {key[:MAX_TAG_KEY]: value[:MAX_METADATA_VALUE] for key, value in metadata.items()}

    def _trace_tags(self, trace: OpenTrace) -> dict[str, str]:
        exchange = trace.exchange
        said = {**trace.facts.tags, **(trace.info.tags if trace.info else {})}
        tags = {
            **self._tags,
            "otel.trace_id": f"{trace.otel_trace_id:032x}",
            mlflow_names.TRACE_NAME: self._content.text(trace.outline.name if trace.outline else ""),
            SUMMARY_TAG: self._summaries[trace].to_tag(),
            **self._content.redacted(http_attributes.trace_tags(exchange) if exchange is not None else {}),
            **self._content.redacted({str(key): str(value) for key, value in said.items()}),
        }
        return {key[:MAX_TAG_KEY]: value[:MAX_TAG_VALUE] for key, value in tags.items()}


def _cut_short(entry: SpanEntry) -> str | None:
    if entry.ended:
        return entry.cut_short
    return ABANDONED if entry.abandoned else STILL_OPEN


def _overlay_exchange(proto: ProtoSpan, trace: OpenTrace) -> None:
    """The root says what the middleware saw, also where another instrumentation opened the span."""
    exchange = trace.exchange
    if exchange is None:
        return
    proto.name = exchange.name
    if exchange.ended_ns is not None:
        proto.end_time_unix_nano = max(exchange.ended_ns, proto.start_time_unix_nano)
    set_status(proto, *http_attributes.status(exchange))
    if exchange.failure is not None and exchange.failure.traceback:
        add_event(proto, "exception", proto.end_time_unix_nano, http_attributes.exception(exchange.failure))


def _exception_type(proto: ProtoSpan) -> str | None:
    found = (item for event in proto.events for item in event.attributes if item.key == EXCEPTION_TYPE)
    return next((item.value.string_value for item in found), None)


def _outline(trace: OpenTrace) -> TraceOutline:
    if (exchange := trace.exchange) is not None:
        state: Literal["OK", "ERROR"] = "OK" if exchange.outcome == "ok" else "ERROR"
        return TraceOutline(exchange.name, exchange.started_ns, exchange.ended_ns or exchange.started_ns, state)
    root = trace.root.readable if trace.root is not None else None
    if root is None:
        return TraceOutline("", 0, 0, "OK")
    state = "ERROR" if root.status.status_code is StatusCode.ERROR else "OK"
    return TraceOutline(root.name, root.start_time or 0, root.end_time or 0, state)


def _request_id(trace: OpenTrace) -> str:
    said = trace.info.client_request_id if trace.info is not None else None
    return said or trace.facts.client_request_id or ""


def _said_state(trace: OpenTrace) -> str | None:
    """The state that user code gave the trace through `mlflow.update_current_trace`."""
    state = str(trace.info.state) if trace.info is not None else ""
    return state if state in ("OK", "ERROR") else None


@guarded
def _experiment(trace: OpenTrace) -> str | None:
    exchange = trace.exchange
    if exchange is not None and exchange.experiment_for is not None:
        trace.experiment = exchange.experiment_for(exchange.scope)
        exchange.experiment_for = None
    return trace.experiment
