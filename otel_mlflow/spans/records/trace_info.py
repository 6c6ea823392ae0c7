"""A trace's info: the JSON that delivery sends of a trace as a whole, beside its spans."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry.trace import StatusCode

from otel_mlflow import mlflow_names
from otel_mlflow.http import semconv
from otel_mlflow.spans.records.encoding import name_text, time_ns_of
from otel_mlflow.spans.records.previews import PreviewName, preview_of
from otel_mlflow.spans.records.request_run import RequestRunWriter
from otel_mlflow.spans.records.root_attributes import NEEDS_REQUEST, needs_request
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG
from otel_mlflow.spans.trace import OpenTrace, RootSummary

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings
    from otel_mlflow.spans.records.content import SpanContent

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)

SCHEMA_VERSION = "3"
MAX_TAG_KEY = 250
MAX_SESSION = 250
MAX_METADATA_VALUE = 8000
"""Characters that MLflow's stores have room for (`trace_info.session_id`, `trace_request_metadata`)."""

MAX_TAG_VALUE = 4096
"""Characters that MLflow keeps of a tag (`mlflow.tracing.constant.MAX_CHARS_IN_TRACE_INFO_TAGS_*`)."""


class TraceInfoWriter:
    """Writes traces' infos as the settings say."""

    def __init__(
        self,
        settings: Settings,
        service_name: str,
        content: SpanContent,
        metadata: Callable[[], Mapping[str, str]],
    ) -> None:
        self._content = content
        self._runs = RequestRunWriter(settings.runs, content)
        self._tags = {**settings.default_tags, "service.name": service_name}
        self._metadata = metadata

    def write(self, trace: OpenTrace, root_tags: dict[str, str] | None) -> bytes:
        """The info of a trace as it is now; `root_tags` are its tags where its root was just written with them."""
        return _ENCODER.encode(self._info(trace, root_tags)).encode("utf-8", "replace")

    def runs(self, trace: OpenTrace) -> dict[str, Any]:
        """What the info says of the runs of its request, and of who ran them: empty where there are none."""
        if not (trace.open_runs or self._runs.are_wanted):
            return {}
        info = self._info(trace, None)
        return {key: info[key] for key in ("run", "open_runs", "trace_metadata") if key in info}

    def _info(self, trace: OpenTrace, root_tags: dict[str, str] | None) -> dict[str, Any]:
        is_late = trace.root_summary is not None
        root = summarize_root(trace)
        metadata = trace.metadata
        info: dict[str, Any] = {
            "client_request_id": self._content.text(_request_id(trace)),
            "request_time_ms": root.start_ns // 1_000_000,
            # To the end of the last span, as MLflow's server has it: a job goes on when its order was answered.
            "execution_duration_ms": (_last_end_ns(trace, root) - root.start_ns) // 1_000_000,
            "state": explicit_state(trace) or root.state,
            "request_preview": self._preview(trace, "request_preview", metadata.inputs, metadata.exported_inputs),
            "response_preview": self._preview(trace, "response_preview", metadata.outputs, metadata.exported_outputs),
            "trace_metadata": {**self._trace_metadata(trace), **(_usage(trace) if is_late else {})},
            "tags": root_tags if root_tags is not None else self.tags(trace),
        }
        info[NEEDS_REQUEST] = needs_request(trace, info)
        if info[NEEDS_REQUEST]:
            metadata.told_until_ns = _last_end_ns(trace, root)
        if trace.tokens:
            info["tokens"] = trace.tokens
        if trace.open_runs:
            info["open_runs"] = trace.open_runs
        if (run := self._runs.run(trace, info)) is not None:
            info["run"] = run
        return info

    def _preview(self, trace: OpenTrace, name: PreviewName, content: str | None, exported: str | None) -> str | None:
        """What user code set through MLflow; else what it set through us once the root was written, too late for it."""
        explicit: str | None = getattr(trace.info, name, None)
        if explicit is None and content is not None and content != exported:
            explicit = preview_of(content, name)
        return self._content.preview(explicit)

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

    def tags(self, trace: OpenTrace) -> dict[str, str]:
        """The trace's tags, of which the root says those that are known when it is written."""
        exchange = trace.exchange
        tags = {
            **self._tags,
            "otel.trace_id": f"{trace.identity.otel_trace_id:032x}",
            mlflow_names.TRACE_NAME: self._content.text(trace.root_summary.name if trace.root_summary else ""),
            SUMMARY_TAG: trace.metadata.summary.to_tag(),
            **self._content.redacted(semconv.trace_tags(exchange) if exchange is not None else {}),
            **self._content.redacted(trace.explicit_tags),
        }
        return {key[:MAX_TAG_KEY]: value[:MAX_TAG_VALUE] for key, value in tags.items()}


def summarize_root(trace: OpenTrace) -> RootSummary:
    """The root in short, which stays what it was when it was first asked for."""
    trace.root_summary = trace.root_summary or _root_summary(trace)
    return trace.root_summary


def _root_summary(trace: OpenTrace) -> RootSummary:
    if (exchange := trace.exchange) is not None:
        state: Literal["OK", "ERROR"] = "OK" if exchange.outcome == "ok" else "ERROR"
        return RootSummary(exchange.name, exchange.started_ns, exchange.ended_ns or exchange.started_ns, state)
    root = trace.root.readable if trace.root is not None else None
    if root is None:
        return RootSummary("", 0, 0, "OK")
    state = "ERROR" if root.status.status_code is StatusCode.ERROR else "OK"
    return RootSummary(name_text(root.name), time_ns_of(root.start_time), time_ns_of(root.end_time), state)


def _last_end_ns(trace: OpenTrace, root: RootSummary) -> int:
    """The end of the trace; that of its root where the root is not known."""
    return max(root.end_ns, trace.last_end_ns) if root.start_ns else root.end_ns


def _usage(trace: OpenTrace) -> dict[str, str]:
    """The tokens so far, where spans came after the root: MLflow adds up none that come after a trace's first info."""
    return {mlflow_names.TRACE_USAGE: json.dumps(trace.tokens)} if trace.tokens else {}


def _request_id(trace: OpenTrace) -> str:
    explicit = trace.info.client_request_id if trace.info is not None else None
    return explicit or trace.metadata.client_request_id or ""


def explicit_state(trace: OpenTrace) -> str | None:
    """The state that user code gave the trace through `mlflow.update_current_trace`."""
    # MLflow before 3.10 has an enumeration whose text is its name in Python.
    state = str(getattr(trace.info.state, "value", trace.info.state)) if trace.info is not None else ""
    return state if state in ("OK", "ERROR") else None
