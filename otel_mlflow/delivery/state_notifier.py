"""Publishing a change of state once: to this process's subscribers, and to other processes through the spool."""

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

BETWEEN_STATUSES = 5.0
"""Seconds between two statuses for other processes while nothing but the time of the last delivery changes."""


class StateNotifier:
    """Compares each condition with the one before it."""

    def __init__(self, clock: Clock, backend: str, on_change: Callable[[DeliveryState], None]) -> None:
        self._clock = clock
        self._backend = backend
        self._on_change = on_change
        self._published = Condition("starting")
        self._process_status: dict[str, Any] = {}
        self._next_status = 0.0

    def publish(self, engine: Engine) -> None:
        """Publish a condition that has just begun, and this process's status from time to time."""
        before, now = self._published, engine.condition()
        if (now.state, now.kind) != (before.state, before.kind):
            self._published = now
            self._on_change(self._state(engine, now, before))
        elif self._clock.monotonic() < self._next_status:
            return
        self._next_status = self._clock.monotonic() + BETWEEN_STATUSES
        self._publish_status(engine)

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

    def _publish_status(self, engine: Engine) -> None:
        status = replace(engine.status(), counts=Counts(), spool=SpoolStatus()).to_dict()
        if status != self._process_status:
            self._process_status = status
            engine.ask(lambda spool: spool.publish_status(json.dumps(status)), default=None)
