"""What a trace brings along that is neither a span nor its info: attachments, and prompts to link it to."""

from __future__ import annotations

import json

from otel_mlflow import mlflow_names
from otel_mlflow.delivery.destinations import follow_ups
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
