"""What a trace says, without what differs from one run to the next."""

from __future__ import annotations

import re
from typing import Any

from mlflow.entities import Span, Trace

_VARYING = re.compile(r"(tr-)?[0-9a-f]{32}|\b[0-9a-f]{16}\b|m-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids of traces, spans, models and attachments."""

_OWN_ATTRIBUTES = frozenset(
    {"mlflow.traceRequestId", "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.spanType", "mlflow.experimentId"}
    | {"mlflow.spanStartTimeNs"}
)
"""What stands in a span's other fields, and what MLflow's client keeps for itself."""

_TAGS_BY_OTLP = "mlflow.traceTag."
"""How a root carries its trace's tags."""

ABOUT_THE_PROCESS = ("mlflow.user", "mlflow.source.", "mlflow.artifactLocation", "mlflow.trace.spansLocation")
"""Tags and metadata of every trace that say who wrote it, and where."""


def observe(traces: list[Trace]) -> dict[str, Any]:
    """The traces of one scenario taken together: in a request, several are one. Its own span is left out."""
    return {
        "spans": sorted((_span(span, trace) for trace in traces for span in _inner(trace)), key=str),
        "tags": _merged(trace.info.tags for trace in traces),
        "metadata": _merged(trace.info.trace_metadata for trace in traces),
        "state": sorted({str(trace.info.state) for trace in traces}),
        "previews": sorted({str((trace.info.request_preview, trace.info.response_preview)) for trace in traces}),
        "client_request_ids": sorted({str(trace.info.client_request_id) for trace in traces}),
        "experiments": sorted({str(trace.info.experiment_id) for trace in traces}),
        "assessments": sorted(_assessment(each) for trace in traces for each in trace.info.assessments or ()),
    }


def _inner(trace: Trace) -> list[Span]:
    return [span for span in trace.data.spans if not _is_request(span)]


def _is_request(span: Span) -> bool:
    return "http.request.method" in span.attributes


def _span(span: Span, trace: Trace) -> dict[str, Any]:
    names = {other.span_id: other.name for other in _inner(trace)}
    said: dict[str, Any] = _without_ids(
        {
            "name": span.name,
            "parent": names.get(span.parent_id or ""),
            "type": span.span_type,
            "status": str(span.status.status_code),
            "inputs": span.inputs,
            "outputs": span.outputs,
            "attributes": _attributes(span),
            "events": [(event.name, sorted(event.attributes)) for event in span.events],
            "links": len(getattr(span, "links", ())),
        }
    )
    return said


def _attributes(span: Span) -> dict[str, Any]:
    return {
        key: value
        for key, value in span.attributes.items()
        if key not in _OWN_ATTRIBUTES and not key.startswith(_TAGS_BY_OTLP)
    }


def _merged(said: Any) -> dict[str, str]:
    merged: dict[str, str] = _without_ids({key: value for each in said for key, value in each.items()})
    return merged


def _assessment(assessment: Any) -> str:
    return str((assessment.name, assessment.value, assessment.rationale))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if not str(key).startswith(ABOUT_THE_PROCESS)}
    if isinstance(value, (list, tuple)):
        return [_without_ids(item) for item in value]
    return _VARYING.sub("<id>", value) if isinstance(value, str) else value
