"""`Delivery`: what the rest of otel-mlflow sees of it."""

from __future__ import annotations

import atexit
import functools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.destinations import destination_for, display_backend, resolve_defaults
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.engine import Engine
from otel_mlflow.delivery.forking import mind_forks
from otel_mlflow.delivery.health import DeliveryState
from otel_mlflow.delivery.ingest_queue import Feedback, IngestQueue
from otel_mlflow.delivery.records import Encodable, Outcome
from otel_mlflow.delivery.state_notifier import StateNotifier
from otel_mlflow.delivery.termination import forget, on_termination
from otel_mlflow.status import Experiment, Status

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


class Delivery:
    """Takes finished traces and sees to it that they arrive. Making one starts nothing and touches nothing.

    `connect` makes the destination anew at each attempt to reach it; by default the settings say which.
    `on_change` is told of each new state as it begins, on a thread of delivery's.
    """

    _running: bool
    _ended: bool
    _lost: int

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Destination] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        on_change: Callable[[DeliveryState], None] | None = None,
    ) -> None:
        self._settings = resolve_defaults(settings)
        self._clock = clock
        self._on_change = on_change or (lambda state: None)
        self._connect = connect or functools.partial(destination_for, self._settings)
        self._wanted = False
        self._begin(IngestQueue())
        mind_forks(self)
        _made.append(weakref.ref(self))

    def start(self) -> None:
        """Start delivering, what an earlier process left included. Starting again changes nothing."""
        with self._starting:
            if self._running or not self._settings.tracing.enabled:
                return
            if self._ended:
                self._begin(self._inbox)
            self._wanted = self._running = True
            self._unattended = False
            self._engine.start()
            atexit.register(self.shutdown)
            on_termination(self)

    def put(self, finished: Encodable) -> None:
        """Take a finished trace. No I/O; it is on disk within 250 ms."""
        self._put(finished)

    def count(self, outcome: Outcome) -> None:
        """Account for a request that leaves no trace."""
        self._put(outcome)

    def put_feedback(self, trace_id: str, payload: bytes) -> bool:
        """Take feedback about a trace: the JSON of MLflow's `CreateAssessment` request. False with tracing disabled."""
        if self._settings.tracing.enabled:
            self._put(Feedback(trace_id, payload))
        return self._settings.tracing.enabled

    @property
    def settings(self) -> Settings:
        """What it was made with."""
        return self._settings

    @property
    def experiment(self) -> Experiment | None:
        """The experiment, once the backend has told it. Costs nothing."""
        connected = self._engine.forwarder.health.connected
        return connected.experiment if connected is not None else None

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until everything put so far has been delivered.

        False when the time is up, and when something put since the last flush was refused or dropped.
        """
        self._attend()
        self._engine.hurry()
        done = self._engine.wait_until(self._engine.is_done, timeout)
        lost_before, self._lost = self._lost, self._engine.lost()
        return done and self._lost == lost_before

    def shutdown(self, timeout: float | None = None) -> None:
        """Put everything on disk, deliver for up to `timeout` seconds, leave the rest for the next start.

        By default `delivery.shutdown_timeout`. Does not wait for a backend that fails meanwhile. What is put after it
        is written down by whoever puts it; `start()` may follow.
        """
        with self._starting:
            if not self._running:
                return
            self._wanted = self._running = False
            self._ended = True
        atexit.unregister(self.shutdown)
        forget(self)
        self._engine.end(self._settings.delivery.shutdown_timeout if timeout is None else timeout)
        self._unattended = True
        self.write_down()

    def expect_termination(self) -> None:
        """The process is going to end: from now on nothing waits in memory to be written together with more."""
        self._engine.writer.stop_gathering()

    def write_down(self) -> None:
        """Put on disk what was put where no threads run, and close the spool."""
        with self._starting:
            self._engine.write_down()

    def status(self) -> Status:
        """How delivery is doing. Reads the spool and asks nobody else."""
        return self._engine.status()

    def before_fork(self) -> None:
        """Let no connection and no held lock reach the child."""
        self._engine.storage.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._engine.storage.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Begin with nothing in hand: what the parent had is the parent's. Threads start with the first trace."""
        self._engine.storage.after_fork_in_child()
        self._begin(IngestQueue())

    def _begin(self, inbox: IngestQueue) -> None:
        self._starting = threading.RLock()
        self._running = self._ended = False
        self._unattended = True
        self._lost = 0
        self._inbox: IngestQueue = inbox
        herald = StateNotifier(self._clock, display_backend(self._settings), self._on_change)
        self._engine: Engine = Engine(
            self._settings, self._connect, self._clock, inbox=inbox, stepped=lambda: herald.tell(self._engine)
        )

    def _put(self, item: Encodable | Feedback | Outcome) -> None:
        self._inbox.put(item)
        if self._unattended:
            self._attend()

    def _attend(self) -> None:
        """See to what is put where no threads are: in a forked child, before the start, after the shutdown."""
        if self._wanted:
            self.start()
        elif self._ended:
            self.write_down()
        elif self._unattended:
            self._unattended = False
            atexit.register(self.write_down)


_made: list[weakref.ref[Delivery]] = []


def latest_delivery() -> Delivery | None:
    """The one that was made last, of those that are in use."""
    alive = [delivery for reference in _made if (delivery := reference()) is not None]
    _made[:] = [weakref.ref(delivery) for delivery in alive]
    return alive[-1] if alive else None
