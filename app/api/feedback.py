"""`POST /api/feedback`: thumbs up or down, and why."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.dependencies import ServicesDep
from app.api.openapi import failures
from app.api.users import OwnerDep
from app.pool import STORE
from app.shapes import FeedbackAnswer, FeedbackRequest
from app.store.tables import Feedback

router = APIRouter(tags=["feedback"])


@router.post("/api/feedback", responses=failures(400, 403, 404))
async def feedback(given: FeedbackRequest, owner: OwnerDep, services: ServicesDep) -> FeedbackAnswer:
    """Attach it to the answer's trace; it may come before the trace itself has arrived, and the last word counts."""
    if not given.trace_id:
        return FeedbackAnswer(stored=False, trace_id="")
    kept = Feedback(trace_id=given.trace_id, owner=owner, value=given.value, rationale=given.rationale)
    is_first = await STORE.run(services.store.feedback.keep, kept)
    stored = await services.feedback.log(kept, is_first=is_first)
    return FeedbackAnswer(stored=stored, trace_id=given.trace_id)
