"""Telling of a change once: this process's log, and other processes through the spool."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.engine import Engine
from otel_mlflow.delivery.health import Condition, DeliveryState
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.status import Counts, SpoolStatus

BETWEEN_WORDS = 5.0
"""Seconds between two notes to other processes while nothing but the time of the last delivery changes."""


class StateNotifier:
    """Compares each condition with the one before it."""

    def __init__(self, clock: Clock, backend: str, on_change: Callable[[DeliveryState], None]) -> None:
        self._clock = clock
        self._backend = backend
        self._on_change = on_change
        self._told = Condition("starting")
        self._last_word: dict[str, Any] = {}
        self._next_word = 0.0

    def tell(self, engine: Engine) -> None:
        """Tell of a condition that has just begun, and leave word for other processes."""
        before, now = self._told, engine.condition()
        if (now.state, now.kind) != (before.state, before.kind):
            self._told = now
            self._on_change(self._state(engine, now, before))
        elif self._clock.monotonic() < self._next_word:
            return
        self._next_word = self._clock.monotonic() + BETWEEN_WORDS
        self._leave_word(engine)

    def _state(self, engine: Engine, condition: Condition, before: Condition) -> DeliveryState:
        return DeliveryState(
            state=condition.state,
            reason=condition.reason,
            fix=condition.fix,
            backend=self._backend,
            waiting=engine.ask(Spool.pending, default=0),
            connected=engine.forwarder.health.connected,
            before=before.state,
            reason_before=before.reason,
        )

    def _leave_word(self, engine: Engine) -> None:
        word = replace(engine.status(), counts=Counts(), spool=SpoolStatus()).to_dict()
        if word != self._last_word:
            self._last_word = word
            engine.ask(lambda spool: spool.say(json.dumps(word)), default=None)
