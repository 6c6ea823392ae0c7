"""Traces of turns whose worker has died: who could have said in them how they ended is gone, so MLflow is told."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable

from app.pool import DATA
from app.secrets import masked
from app.turns.traced import outcome_tags

_LOOK_SECONDS = 2.0
_PATIENCE = 300.0
# What the dead worker left of the trace may still be on its way, and would be the last word.
_LOOKS_ALIKE = 2
logger = logging.getLogger("app.turns")


class LostTraces:
    """Marks traces as failed, in the background: as soon as they have arrived, and until that stays."""

    def __init__(self) -> None:
        self._tasks = set[asyncio.Task[None]]()
        self.tracking_uri: Callable[[], str | None] = lambda: None

    def mark(self, trace_id: str, why: str) -> None:
        """Let the trace say that its turn has failed. Without a trace there is nothing to do."""
        if not trace_id:
            return
        # A context of its own: this is no part of the request that found out.
        task = contextvars.Context().run(asyncio.create_task, self._mark(trace_id, why))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Leave what has not arrived yet as it is."""
        for task in list(self._tasks):
            task.cancel()

    async def _mark(self, trace_id: str, why: str) -> None:
        until, alike = time.monotonic() + _PATIENCE, 0
        while time.monotonic() < until and alike < _LOOKS_ALIKE:
            await asyncio.sleep(_LOOK_SECONDS)
            alike = alike + 1 if await DATA.run(self._is_marked, trace_id, why) else 0

    def _is_marked(self, trace_id: str, why: str) -> bool:
        """Whether the trace says so already; it is told where it does not."""
        from mlflow.entities.trace_state import TraceState
        from mlflow.exceptions import MlflowException
        from mlflow.tracing.client import TracingClient

        tags = outcome_tags("error")
        try:
            store = TracingClient(self.tracking_uri()).store
            info = store.get_trace_info(trace_id)
            if info.state == TraceState.ERROR and tags.items() <= info.tags.items():
                return True
            info.state, info.response_preview = TraceState.ERROR, why
            info.tags.update(tags)
            store.start_trace(info)
        except (MlflowException, OSError) as error:
            logger.info("The trace %s does not say yet that its turn was lost: %s", trace_id, masked(str(error)))
        return False
