"""A trace's metadata as attributes of its root, so that OTLP carries it with the spans.

MLflow's server makes of `mlflow.traceTag.<key>` a tag, of `session.id` the session, of `user.id` the user; it works out
times, state, previews and tokens from the spans. What it cannot learn from them takes a request of its own, which costs
it more than the spans do: `needs_request` says whether a trace has any of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from otel_mlflow import mlflow_names
from otel_mlflow.spans.trace import OpenTrace, TraceMetadata

TAG_PREFIX = "mlflow.traceTag."
"""`mlflow.tracing.constant.SpanAttributeKey.TRACE_TAG_PREFIX`."""

NEEDS_REQUEST = "needs_request"
"""The key in a record's info that tells delivery about it."""


def export_tags(metadata: TraceMetadata, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags as attributes of the root, which is about to be written; `metadata` remembers what they were at first.

    A server takes a trace's state from the root that comes first: what a later one changes needs a request.
    """
    if metadata.exported is None:
        metadata.exported = _exported(metadata, {key: value for key, value in tags.items() if value})
    return {TAG_PREFIX + key: _quoted(value) for key, value in tags.items() if value}


def needs_request(trace: OpenTrace, info: Mapping[str, Any]) -> bool:
    """Whether `info` holds what the spans written so far do not: set late, or with no place in OTLP."""
    root = trace.root
    if root is None or root.remote_parent_id is not None or trace.source_run is not None:
        return True
    if info["client_request_id"] or info["request_preview"] or info["response_preview"] or _has_explicit_info(trace):
        return True
    return trace.metadata.exported != _exported(trace.metadata, _without_root_name(trace, info["tags"]))


def _exported(metadata: TraceMetadata, tags: Mapping[str, str]) -> tuple[Mapping[str, str], str | None, str | None]:
    return tags, metadata.session, metadata.user


def _has_explicit_info(trace: OpenTrace) -> bool:
    """Whether user code has set a state, or metadata, for which OTLP has no place."""
    info = trace.info
    return info is not None and bool(info.trace_metadata or str(info.state) in ("OK", "ERROR"))


def _without_root_name(trace: OpenTrace, tags: Mapping[str, str]) -> dict[str, str]:
    """The tags but the trace's name, which the server takes from the root itself; one that user code chose stays."""
    exported = trace.metadata.exported
    is_chosen = exported is not None and mlflow_names.TRACE_NAME in exported[0]
    return {key: value for key, value in tags.items() if value and (is_chosen or key != mlflow_names.TRACE_NAME)}


def _quoted(value: str) -> str:
    """The server takes text in quotes for JSON and unpacks it once."""
    return json.dumps(value, ensure_ascii=False) if value[:1] == value[-1:] == '"' else value
