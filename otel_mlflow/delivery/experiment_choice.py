"""The experiment that was chosen for one request, where it turns out to be none that can be had.

That costs the choice only: the trace goes to the configured experiment, with a tag that names the choice.
"""

from __future__ import annotations

import dataclasses
import json

from otel_mlflow.delivery.records import SpooledTrace, TraceRecord

REJECTED_TAG = "otel_mlflow.experiment_rejected"
"""The experiment that was asked for, and why the trace is not in it."""

LONGEST_NAME = 500
"""Characters that MLflow has room for (`mlflow.utils.validation.MAX_EXPERIMENT_NAME_LENGTH`)."""

LONGEST_TAG = 1000


def with_valid_experiment(record: TraceRecord) -> TraceRecord:
    """The record as it is, or without an experiment that no backend could have."""
    problem = _problem_of(record.experiment)
    if problem is None:
        return record
    return dataclasses.replace(record, experiment=None, info=_with_tag(record.info, record.experiment, problem))


def to_configured_experiment(trace: SpooledTrace, reason: str) -> SpooledTrace:
    """The trace, on its way to the configured experiment because the backend rejects the one that was chosen."""
    return dataclasses.replace(trace, experiment=None, info=_with_tag(trace.info, trace.experiment, reason))


def _problem_of(name: object) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str):
        return f"it is no text but {type(name).__name__}"
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters, and {LONGEST_NAME} are the most"
    if not name.strip("/ "):
        return "it names nothing"
    return None if name.isprintable() else "it holds characters that cannot be printed"


def _with_tag(info: bytes, name: object, reason: str) -> bytes:
    """The info with the tag; a fragment has none, and follows its trace without."""
    if not info:
        return info
    shown = name if isinstance(name, str) else type(name).__name__
    fields = json.loads(info)
    tag = f"{shown[:LONGEST_NAME]}: {reason}"[:LONGEST_TAG]
    fields = {**fields, "tags": {**fields.get("tags", {}), REJECTED_TAG: tag}, "needs_request": True}
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
