"""What a trace brings along that is neither a span nor its info: assessments, attachments, prompts, late tags."""

from __future__ import annotations

import json
from typing import Any

from otel_mlflow import mlflow_names
from otel_mlflow.delivery.destinations import follow_ups
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.records.trace_info import MAX_TAG_KEY, MAX_TAG_VALUE
from otel_mlflow.spans.trace import OpenTrace, SpanState


def take_attachments(spans: list[SpanState]) -> list[bytes]:
    """The attachments of spans that are written down now, as payloads for delivery."""
    return [
        follow_ups.attachment(attachment_id, attachment.content_type, attachment.content_bytes)
        for state in spans
        for attachment_id, attachment in (state.attachments or {}).items()
    ]


def take_prompts(trace: OpenTrace) -> list[bytes]:
    """The prompts that MLflow has noted in the trace's tags since they were taken last."""
    noted = trace.info.tags.get(mlflow_names.LINKED_PROMPTS) if trace.info is not None else None
    if not noted or noted == trace.linked_prompts:
        return []
    trace.linked_prompts = noted
    return [follow_ups.prompt_links(json.loads(noted))]


def take_tags(trace: OpenTrace) -> list[bytes]:
    """The tags that were set since they were taken last, where another process has the root and tells of the trace."""
    if not trace.fragment:
        return []
    tags = {key: value for key, value in trace.explicit_tags.items() if key != mlflow_names.LINKED_PROMPTS}
    sent, trace.metadata.sent_tags = trace.metadata.sent_tags, tags
    new = {key[:MAX_TAG_KEY]: value[:MAX_TAG_VALUE] for key, value in tags.items() if sent.get(key) != value}
    return [follow_ups.tags(new)] if new else []


def take_deleted_tags(trace: OpenTrace) -> list[bytes]:
    """The tags that were deleted since they were taken last."""
    deleted, trace.metadata.deleted_tags = trace.metadata.deleted_tags, frozenset()
    gone = sorted(deleted - trace.tags.keys())
    return [follow_ups.deleted_tags(gone)] if gone else []


def take_assessments(trace: OpenTrace) -> list[bytes]:
    """What `mlflow.log_feedback` and the like have said of the trace while it was open, as requests to create it.

    MLflow keeps them in memory, to send them with the trace. Each gets an id here, so that sending it twice is once.
    """
    assessments: list[Any] = trace.info.assessments if trace.info is not None else []
    if not assessments:
        return []
    from google.protobuf.json_format import MessageToDict

    taken, assessments[:] = list(assessments), []
    for assessment in taken:
        assessment.trace_id = trace.identity.mlflow_trace_id
        assessment.assessment_id = assessment.assessment_id or f"a-{new_trace_id():032x}"
    protos = [MessageToDict(assessment.to_proto(), preserving_proto_field_name=True) for assessment in taken]
    return [json.dumps({"assessment": proto}).encode() for proto in protos]
