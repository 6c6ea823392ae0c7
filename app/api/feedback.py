"""`POST /api/feedback`: thumbs up or down, and why."""

from __future__ import annotations

from fastapi import APIRouter

import otel_mlflow
from app.api.openapi import failures
from app.api.users import Owner
from app.api.using import Using
from app.shapes import FeedbackAnswer, FeedbackRequest

router = APIRouter(tags=["feedback"])
NAME = "user_feedback"


@router.post("/api/feedback", responses=failures(400, 404))
def feedback(given: FeedbackRequest, owner: Owner, using: Using) -> FeedbackAnswer:
    """Attach it to the answer's trace; it may come before the trace itself has arrived."""
    if not given.trace_id:
        return FeedbackAnswer(stored=False, trace_id="")
    using.store.opinions.keep(owner, given.trace_id, given.value, given.rationale)
    stored = otel_mlflow.log_feedback(given.trace_id, NAME, given.value, rationale=given.rationale, user=owner)
    return FeedbackAnswer(stored=stored, trace_id=given.trace_id)
