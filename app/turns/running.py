"""The turns that this worker is at, so that they can be ended from anywhere."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

from app.pool import STORE
from app.store.turns import Turns

Result = TypeVar("Result")

# How soon a turn notices that its end was asked for at another worker.
_WATCH_SECONDS = 0.5


class RunningTurns:
    """Each turn runs in a task of its own, so that it can be ended without its request."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self.stopping = False
        """Whether turns are ended because the server stops."""
        self._watch: asyncio.Task[None] | None = None

    def start(
        self, turn_id: str, turn: Coroutine[Any, Any, Result], context: contextvars.Context | None = None
    ) -> asyncio.Task[Result]:
        """Start a turn, in a copy of the caller's context if none is given."""
        running = context or contextvars.copy_context()
        task = running.run(asyncio.create_task, turn)
        self._tasks[turn_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(turn_id, None))
        if self._watch is None or self._watch.done():
            self._watch = contextvars.Context().run(asyncio.create_task, self._watch_for_cancels())
        return task

    def cancel(self, turn_id: str) -> None:
        """End a turn if it is one of this worker's; another worker finds out by itself."""
        if task := self._tasks.get(turn_id):
            task.cancel()

    async def stop(self) -> None:
        """End them all, and wait until they have ended."""
        self.stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if self._watch:
            self._watch.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_for_cancels(self) -> None:
        while self._tasks:
            await asyncio.sleep(_WATCH_SECONDS)
            for turn_id in await STORE.run(self._turns.cancelled):
                self.cancel(turn_id or "")
