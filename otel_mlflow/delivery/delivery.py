"""`Delivery`: what the rest of otel-mlflow sees of it."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.destinations import destination_for, destination_key, shown_backend
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.forwarder import Forwarder
from otel_mlflow.delivery.health import DeliveryState
from otel_mlflow.delivery.inbox import Inbox, tally
from otel_mlflow.delivery.records import Encodable, Outcome, Tally
from otel_mlflow.delivery.storage import SpoolLost, Storage
from otel_mlflow.delivery.writer import Writer
from otel_mlflow.diagnosis.status import Counts, Experiment, SpoolStatus, Status, timestamp

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


class Delivery:
    """Takes finished traces and sees to it that they arrive. Making one starts nothing and touches nothing."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Destination] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        on_change: Callable[[DeliveryState], None] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_change = on_change or (lambda state: None)
        self._connect = connect or (lambda: destination_for(settings))
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._announced: tuple[str, str] = ("starting", "")
        self._make_parts()

    def _make_parts(self) -> None:
        delivery = self._settings.delivery
        self._storage = Storage(
            Path(delivery.spool_dir), destination=destination_key(self._settings), max_bytes=delivery.max_spool_bytes
        )
        self._inbox = Inbox()
        self._forwarder = Forwarder(self._storage, self._connect, self._clock, self._announce)
        self._writer = Writer(self._inbox, self._storage, self._clock, self._forwarder.wake)

    def start(self) -> None:
        """Start delivering; what an earlier process left included. Starting again changes nothing."""
        with self._lock:
            if self._threads:
                return
            for name, target in (("writer", self._writer.run), ("forwarder", self._forwarder.run)):
                thread = threading.Thread(target=target, name=f"otel-mlflow-{name}", daemon=True)
                self._threads.append(thread)
                thread.start()
        atexit.register(self.shutdown)

    def put(self, finished: Encodable) -> None:
        """Take a finished trace. No I/O; it is on disk within 250 ms."""
        self._inbox.put(finished)

    def count(self, outcome: Outcome) -> None:
        """Account for a request that leaves no trace."""
        self._inbox.put(outcome)

    def put_feedback(self, trace_id: str, payload: bytes) -> None:
        """Take feedback about a trace."""
        self._inbox.put((trace_id, payload))

    @property
    def experiment(self) -> Experiment | None:
        """The experiment, as far as the backend has told it; reading it costs nothing."""
        connected = self._forwarder.health.connected
        return connected.experiment if connected else None

    def flush(self, timeout: float) -> bool:
        """Wait until everything put so far has been delivered; False when it has not been by then."""
        deadline = self._clock.monotonic() + timeout
        self._writer.hurry()
        self._forwarder.wake()
        while self._clock.monotonic() < deadline:
            if not len(self._inbox) and not self._writer.in_hand and not self._pending():
                return True
            time.sleep(0.02)
        return False

    def shutdown(self, timeout: float | None = None) -> None:
        """Write down what was put, deliver for `timeout` seconds, leave the rest in the spool."""
        if not self._threads:
            return
        atexit.unregister(self.shutdown)
        timeout = self._settings.delivery.shutdown_timeout if timeout is None else timeout
        deadline = self._clock.monotonic() + timeout
        self._writer.stop()
        self.flush(timeout)
        self._forwarder.stop()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        self._storage.close()
        self._threads = []

    def status(self) -> Status:
        """How delivery is doing. Reads the spool, asks nobody else."""
        health = self._forwarder.health
        state, reason, fix = self._health_state()
        connected = health.connected
        return Status(
            state=state,
            reason=reason,
            fix=fix,
            experiment=connected.experiment if connected else None,
            tracking_uri=connected.tracking_uri if connected else shown_backend(self._settings),
            identity=connected.identity if connected else None,
            credential_source=connected.credential_source if connected else None,
            counts=self._counts(),
            spool=self._spool_status(),
            last_delivery=timestamp(health.last_delivery) if health.last_delivery else None,
            last_error=health.last_error,
        )

    def _counts(self) -> Counts:
        with self._writer.lock:
            waiting = sum((tally(item) for item in self._inbox), Tally(self._writer.in_hand))
            stored = self._read(lambda spool: spool.counts(), Counts())
        added = {name: getattr(stored, name) + value for name, value in waiting.items()}
        pending = stored.pending + waiting["traced"] - waiting["dropped"]
        return replace(stored, **added, pending=pending)

    def _spool_status(self) -> SpoolStatus:
        used = self._read(lambda spool: spool.used_bytes(), 0)
        oldest = self._read(lambda spool: spool.oldest(), None)
        age = max(0.0, self._clock.wall() - oldest) if oldest is not None else None
        return SpoolStatus(used, age, str(self._storage.folder), self._storage.in_memory)

    def _pending(self) -> int:
        return self._read(lambda spool: spool.pending(), 0)

    def _read(self, question, default):
        try:
            with self._storage.using() as spool:
                return question(spool)
        except SpoolLost:
            return default

    def _health_state(self):
        disk = str(self._storage.trouble or "")
        return replace(self._forwarder.health, disk_trouble=disk).state()

    def _announce(self) -> None:
        state, reason, fix = self._health_state()
        if state != self._announced[0]:
            self._announced = (state, reason)
            connected = self._forwarder.health.connected
            self._on_change(
                DeliveryState(state, reason, fix, shown_backend(self._settings), self._pending(), connected)
            )
