"""`log_feedback()`: what a person, or a program, thinks of an answer, as an MLflow feedback assessment."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from otel_mlflow.content import Redactor

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

    May be called as soon as the answer is out: it waits until its trace has arrived. `user` says whose judgement it
    is. Answers whether the feedback is on its way; it is not where nothing is traced: without `instrument()`, with
    tracing disabled, or for the empty id of a request that left no trace.

    Raises `ValueError` for a trace id that is none, an empty name, or a value that is not JSON.
    """
    from otel_mlflow.delivery.delivery import latest_delivery

    delivery = latest_delivery()
    if not trace_id or delivery is None:
        return False
    if not _TRACE_ID.fullmatch(trace_id):
        raise ValueError(f"trace_id {trace_id!r} is not a trace's id; expected 'tr-' and 32 hexadecimal digits")
    if not name:
        raise ValueError("name is empty; expected the name of what is judged, such as 'helpful'")
    payload = _create_assessment(trace_id, name, value, rationale, user, metadata or {})
    redactor = _redactor(tuple(delivery.settings.tracing.redact_keys))
    return delivery.put_feedback(trace_id, redactor.json_text(payload).encode())


@lru_cache(8)
def _redactor(names: tuple[str, ...]) -> Redactor:
    return Redactor.compile(names)


def _create_assessment(
    trace_id: str, name: str, value: FeedbackValue, rationale: str | None, user: str | None, metadata: Mapping[str, str]
) -> str:
    """The JSON of `mlflow.protos.service_pb2.CreateAssessment`. With an id of its own, so that twice is once."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    assessment = {
        "assessment_id": f"a-{secrets.token_hex(16)}",
        "assessment_name": name,
        "trace_id": trace_id,
        "source": {"source_type": "HUMAN", "source_id": user or ANONYMOUS},
        "create_time": now,
        "last_update_time": now,
        "feedback": {"value": value},
        "metadata": {str(key): str(item) for key, item in metadata.items()},
        "valid": True,
    }
    if rationale is not None:
        assessment["rationale"] = rationale
    try:
        return json.dumps({"assessment": assessment}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"value {value!r} is not JSON ({error}); expected text, numbers, true or false") from None
