"""What a person thinks of an answer, on its trace: one assessment a person, whose last word counts."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import otel_mlflow
from app.pool import DATA, STORE
from app.secrets import masked
from app.store.feedback import FeedbackStore
from app.store.tables import Feedback

if TYPE_CHECKING:
    from mlflow.entities import Assessment

NAME = "user_feedback"
_LOOK_SECONDS = 2.0
_PATIENCE = 300.0
logger = logging.getLogger("app.feedback")


class FeedbackLog:
    """The first word goes the way of the traces. A later one replaces it as soon as that has arrived.

    Cases: nothing traced: nothing is sent. First word: sent. Later word: the assessment is looked for in MLflow and
    replaced; where it cannot be found in time, the word is sent beside it rather than lost.
    """

    def __init__(self, feedback: FeedbackStore) -> None:
        self._feedback = feedback
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.tracking_uri: Callable[[], str | None] = lambda: None

    async def log(self, feedback: Feedback, *, is_first: bool) -> bool:
        """Say whether it is on its way."""
        if is_first or not otel_mlflow.current_trace().id:
            return await STORE.run(_send, feedback)
        key = (feedback.trace_id, feedback.owner)
        if key not in self._tasks:
            # A context of its own: what is done later is no part of the request.
            self._tasks[key] = contextvars.Context().run(asyncio.create_task, self._change(*key))
            self._tasks[key].add_done_callback(lambda _: self._tasks.pop(key, None))
        return True

    async def stop(self) -> None:
        """Say now what waits to be changed."""
        for (trace_id, owner), task in list(self._tasks.items()):
            task.cancel()
            await self._send_latest(trace_id, owner)

    async def _change(self, trace_id: str, owner: str) -> None:
        """Let the assessment say what the person says last."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            feedback = await self._latest(trace_id, owner)
            if await DATA.run(self._changed, feedback):
                latest = await self._latest(trace_id, owner)
                if (latest.value, latest.rationale) == (feedback.value, feedback.rationale):
                    return
        await self._send_latest(trace_id, owner)

    async def _send_latest(self, trace_id: str, owner: str) -> None:
        await STORE.run(_send, await self._latest(trace_id, owner))

    async def _latest(self, trace_id: str, owner: str) -> Feedback:
        return (await STORE.run(self._feedback.by_trace, owner, [trace_id]))[trace_id]

    def _changed(self, feedback: Feedback) -> bool:
        """Replace it in MLflow; False as long as it is not there, or MLflow does not answer."""
        from mlflow.exceptions import MlflowException
        from mlflow.tracing.client import TracingClient

        uri = self.tracking_uri()
        try:
            client = TracingClient(uri)
            # From the store: the client itself answers what this process remembers of the trace, where it does.
            found = client.store.get_trace_info(feedback.trace_id).assessments
            if (own := next(filter(lambda one: _is_of(one, feedback.owner), found), None)) is None:
                return False
            client.delete_assessment(feedback.trace_id, str(own.assessment_id))
        except (MlflowException, OSError) as error:
            logger.info("The feedback on %s is not changed yet: %s", feedback.trace_id, masked(str(error)))
            return False
        return _send(feedback)


def _is_of(assessment: Assessment, owner: str) -> bool:
    return bool(assessment.name == NAME and assessment.source.source_id == owner)


def _send(feedback: Feedback) -> bool:
    return otel_mlflow.log_feedback(
        feedback.trace_id, NAME, feedback.value, rationale=feedback.rationale, user=feedback.owner
    )
