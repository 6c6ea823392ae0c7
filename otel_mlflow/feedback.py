"""`log_feedback()`: what a person, or a program, thinks of an answer, as an MLflow feedback assessment."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from otel_mlflow.content import Redactor, to_json, to_jsonable
from otel_mlflow.spans.user_values import INVALID, MAX_CONTENT, bounded_text, bounded_texts

FeedbackValue = float | int | str | bool | list[Any] | dict[str, Any]
"""What MLflow takes as a feedback's value; lists and dicts hold the same again."""

ANONYMOUS = "anonymous"
_TRACE_ID = re.compile(r"tr-[0-9a-f]{32}")


def log_feedback(
    trace_id: str,
    name: str,
    value: FeedbackValue,
    *,
    rationale: str | None = None,
    user: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bool:
    """Attach feedback to a trace, through the same durable delivery that traces take; secrets in it are hidden.

    May be called as soon as the answer is out: it waits until its trace has arrived. `user` says whose feedback it
    is. Answers whether the feedback is on its way; it is not where nothing is traced: without `instrument()`, with
    tracing disabled, or for the empty id of a request that left no trace.

    What JSON has no place for is named by its type. Raises `ValueError` for a trace id that is none, or an empty name.
    """
    from otel_mlflow.delivery.delivery import latest_delivery
    from otel_mlflow.spans.bridge import BRIDGE

    delivery = latest_delivery()
    trace, judged = _text_of(trace_id), _text_of(name)
    if not trace or delivery is None:
        return False
    if not _TRACE_ID.fullmatch(trace):
        raise ValueError(f"trace_id {trace!r} is not a trace's id; expected 'tr-' and 32 hexadecimal digits")
    if not judged:
        raise ValueError("name is empty; expected the name of what is judged, such as 'helpful'")
    payload = to_json(_create_assessment(trace, judged, value, rationale, user, metadata))
    redactor = _redactor(tuple(delivery.settings.tracing.redact_keys))
    sink = BRIDGE.diversion or delivery
    return delivery.settings.tracing.enabled and sink.put_feedback(trace, redactor.json_text(payload).encode())


@lru_cache(8)
def _redactor(names: tuple[str, ...]) -> Redactor:
    return Redactor.compile(names)


def _create_assessment(
    trace_id: str,
    name: str,
    value: FeedbackValue,
    rationale: str | None,
    user: str | None,
    metadata: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The JSON of `mlflow.protos.service_pb2.CreateAssessment`. With an id of its own, so that twice is once."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    assessment = {
        "assessment_id": f"a-{secrets.token_hex(16)}",
        "assessment_name": name,
        "trace_id": trace_id,
        "source": {"source_type": "HUMAN", "source_id": _text_of(user) or ANONYMOUS},
        "create_time": now,
        "last_update_time": now,
        "feedback": {"value": to_jsonable(value, MAX_CONTENT)},
        "metadata": {} if metadata is None else _texts(metadata),
        "valid": True,
    }
    if rationale is not None:
        assessment["rationale"] = bounded_text(rationale, MAX_CONTENT)
    return {"assessment": assessment}


def _text_of(value: object) -> str:
    return "" if value is None else bounded_text(value)


def _texts(metadata: Mapping[str, str]) -> dict[str, str]:
    texts = bounded_texts(metadata)
    return {INVALID: f"metadata: expected a mapping, got {bounded_text(metadata)}"} if texts is None else texts
