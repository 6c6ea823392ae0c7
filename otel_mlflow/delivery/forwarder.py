"""The thread that carries what is in the spool to the backend. Only it deletes, and only on proof."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.destinations.base import Destination, RefusedSome
from otel_mlflow.delivery.health import Health
from otel_mlflow.delivery.pace import LARGEST_BATCH, Pace
from otel_mlflow.delivery.records import Part, SpooledTrace
from otel_mlflow.delivery.retry import Step, next_action
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.storage import SpoolLost, Storage
from otel_mlflow.errors import DeliveryError, Refused, TryAgain

LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of spans in one request."""

BETWEEN_TAKEOVERS = 5.0
"""Seconds between two looks at whether another process has died and left something."""


class Forwarder:
    """Delivers until it is stopped. `changed` is called after every step that may have changed the health."""

    def __init__(
        self, storage: Storage, connect: Callable[[], Destination], clock: Clock, changed: Callable[[], None]
    ) -> None:
        self.health = Health()
        self.idle = threading.Event()
        self._storage = storage
        self._connect = connect
        self._clock = clock
        self._changed = changed
        self._destination: Destination | None = None
        self._pace = Pace()
        self._failures = 0
        self._wake = threading.Event()
        self._stopped = False
        self._next_takeover = 0.0
        self._last_wait_asked = False

    def run(self) -> None:
        """Deliver until `stop()`."""
        while not self._stopped:
            self._wake.clear()
            wait = self._step()
            self._changed()
            if wait and not self._stopped:
                self._clock.wait(self._wake, wait)
        if self._destination is not None:
            self._destination.close()

    def wake(self) -> None:
        """There is something to deliver, or a wait is to be cut short."""
        self._wake.set()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopped = True
        self._wake.set()

    def _step(self) -> float:
        """Do the next thing; answer the seconds to wait before the one after."""
        try:
            destination = self._opened()
            return self._deliver_next(destination)
        except DeliveryError as error:
            return self._failed(error)
        except SpoolLost:
            return 0.0

    def _opened(self) -> Destination:
        if self._destination is None:
            destination = self._connect()
            connected = destination.open()
            self._destination = destination
            self.health = replace(self.health, connected=connected, backend_trouble=None)
        return self._destination

    def _deliver_next(self, destination: Destination) -> float:
        self._take_over()
        with self._storage.using() as spool:
            pressed = destination.takes_details_later and spool.has_more_than(LARGEST_BATCH)
            batch = self._batch(spool, Part.WHOLE) or self._batch(spool, Part.DETAILS)
            feedback = None if batch else spool.next_feedback()
            if batch:
                self.idle.clear()
                self._deliver(spool, destination, batch, spans_only=pressed and bool(batch[0].spans))
            elif feedback:
                destination.assess(feedback)
                spool.delivered([feedback.id])
            else:
                self.idle.set()
                return BETWEEN_TAKEOVERS
        self._taken()
        return self._pace.pause

    def _batch(self, spool: Spool, part: Part) -> list[SpooledTrace]:
        return spool.next_batch(part, records=self._pace.batch, max_bytes=LARGEST_REQUEST)

    def _deliver(
        self, spool: Spool, destination: Destination, batch: Sequence[SpooledTrace], *, spans_only: bool
    ) -> None:
        try:
            destination.send([replace(trace, info=b"") for trace in batch] if spans_only else batch)
        except RefusedSome as error:
            spool.quarantine(error.reasons)
            spool.delivered(trace.id for trace in batch if trace.id not in error.reasons)
        except Refused as error:
            if len(batch) == 1:
                spool.quarantine({batch[0].id: error.reason})
                return
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                self._deliver(spool, destination, half, spans_only=spans_only or destination.takes_details_later)
        else:
            if spans_only:
                spool.spans_delivered(batch)
            else:
                spool.delivered(trace.id for trace in batch)

    def _taken(self) -> None:
        self._failures = 0
        self._pace = self._pace.taken()
        self.health = self.health.taken(self._clock.wall())

    def _failed(self, error: DeliveryError) -> float:
        action = next_action(error, records=1, failures=self._failures, chance=random.random())
        self._failures = action.failures
        self._pace = (
            self._pace.throttled()
            if isinstance(error, TryAgain) and error.retry_after is not None
            else self._pace.failed()
        )
        self.health = self.health.troubled(error, self._failures)
        if action.step is Step.REOPEN and self._destination is not None:
            self._destination.close()
            self._destination = None
        return action.wait

    def _take_over(self) -> None:
        if self._clock.monotonic() >= self._next_takeover:
            self._next_takeover = self._clock.monotonic() + BETWEEN_TAKEOVERS
            self._storage.take_over(LARGEST_BATCH)
