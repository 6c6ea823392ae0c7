"""`Delivery`: what the rest of otel-mlflow sees of it."""

from __future__ import annotations

import atexit
import functools
import threading
import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.destinations import destination_for, display_backend, resolve_defaults
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.engine import Engine
from otel_mlflow.delivery.forking import mind_forks
from otel_mlflow.delivery.health import DeliveryState
from otel_mlflow.delivery.ingest_queue import Feedback, IngestQueue
from otel_mlflow.delivery.records import Encodable, OnArrival, Outcome, SpooledTrace, TraceRecord
from otel_mlflow.delivery.state_notifier import StateNotifier
from otel_mlflow.delivery.subscribers import Subscribers
from otel_mlflow.delivery.termination import LAST_WRITE, forget, on_termination
from otel_mlflow.status import Experiment, Status

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


class Lifecycle(Enum):
    """Where a delivery stands, and so who takes care of what is put into it."""

    NEW = "new"
    """Nobody yet: it waits for `start()`."""
    FORKED = "forked"
    """Whoever puts something: the parent's threads are not here, and the first trace starts others."""
    RUNNING = "running"
    """The threads."""
    ENDING = "ending"
    """The threads, or the one that ends them."""
    ENDED = "ended"
    """Whoever puts something: it is written down, for the next start."""


class Delivery:
    """Takes finished traces and sees to it that they arrive. Making one starts nothing and touches nothing.

    `connect` makes the destination anew at each attempt to reach it; by default the settings say which.
    `on_change` is called with each new state as it begins, on a thread of delivery's. One that nobody refers to any
    more ends by itself.
    """

    _lifecycle: Lifecycle

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
        self._subscribers: Subscribers[DeliveryState] = Subscribers()
        self._arrivals: Subscribers[Sequence[SpooledTrace]] = Subscribers(replays=False)
        if on_change is not None:
            self._subscribers.add(on_change)
        self._users: weakref.WeakSet[object] = weakref.WeakSet()
        self._connect = connect or functools.partial(destination_for, self._settings)
        self._begin(Lifecycle.NEW, IngestQueue(self._clock))
        mind_forks(self)
        _made.append(weakref.ref(self))

    def start(self, user: object | None = None) -> None:
        """Start delivering, what an earlier process left included. Starting again changes nothing.

        It goes on until every `user` that has started it has shut it down, or is gone.
        """
        self._users.add(user or self)
        self._start_threads()

    def put(self, finished: Encodable) -> None:
        """Take a finished trace. No I/O; it is on disk within 250 ms."""
        self._put(finished)

    def put_written(self, record: TraceRecord) -> None:
        """Take more of a trace, which is written down already. No I/O."""
        self._queue.put_written(record)
        self._attend_unless_running()

    def let_writer_in(self) -> None:
        """Let the writer go on at once, where it waits for nothing but the interpreter."""
        self._engine.writer.let_in()

    def count(self, outcome: Outcome) -> None:
        """Account for a request that leaves no trace."""
        self._put(outcome)

    def put_feedback(self, trace_id: str, payload: bytes) -> bool:
        """Take feedback about a trace: the JSON of MLflow's `CreateAssessment` request. False with tracing disabled."""
        if self._settings.tracing.enabled:
            self._put(Feedback(trace_id, payload))
        return self._settings.tracing.enabled

    is_shared = False
    """Whether it is handed out to everybody with the same settings."""

    def deliver(self) -> None:
        """Deliver what there is for `delivery.shutdown_timeout`, where threads run, and go on."""
        if self._lifecycle is Lifecycle.RUNNING:
            self._engine.drain(self._seconds(None))

    def begin_end(self, timeout: float | None = None) -> None:
        """Begin what `shutdown()` waits for, whoever still uses it."""
        with self._lock:
            self._users.clear()
            if self._lifecycle is Lifecycle.RUNNING:
                self._lifecycle = Lifecycle.ENDING
                self._engine.end(self._seconds(timeout), self._note_end)

    def end_with_process(self) -> None:
        """Nobody uses it any more: what is in memory is written down, and delivered where threads still run."""
        self.begin_end()
        self.shutdown()
        self.write_down()

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

        False when the time is up, and when something put since the last flush was refused or dropped. Where nobody
        has started delivery, or it has ended, and there is something to deliver, it starts for that.
        """
        seconds = self._seconds(timeout)
        deadline = self._clock.monotonic() + seconds
        self._attend()
        if not self._engine.is_done():
            self._start_threads()
        if self._earlier is not None:
            # What that one has in hand is free to be taken over when its end, which may outlast its time, is over.
            self._earlier.await_end(seconds)
        is_delivered = self._engine.flush(deadline - self._clock.monotonic())
        # Where no threads are, nobody else closes the spool.
        self._attend_unless_running()
        return is_delivered

    def subscribe(self, on_change: Callable[[DeliveryState], None]) -> None:
        """Have `on_change` called with the state, if it is known, and with each new one as it begins.

        A bound method is called for as long as anybody else refers to its object.
        """
        self._subscribers.add(on_change)

    def subscribe_to_arrivals(self, on_arrival: OnArrival) -> None:
        """Have `on_arrival` called with the traces that the backend has just taken whole, on the forwarder's thread.

        It must not block. A bound method is called for as long as anybody else refers to its object.
        """
        self._arrivals.add(on_arrival)

    def shutdown(self, timeout: float | None = None, *, user: object | None = None) -> None:
        """Put everything on disk, deliver for up to `timeout` seconds, leave the rest for the next start.

        By default `delivery.shutdown_timeout`. Does not wait for a backend that fails meanwhile. What is put after it
        is written down by whoever puts it; `start()` may follow. While other users are left, it only waits. An end
        that somebody else has begun is waited for: a signal and a lifespan may tell of the same one.
        """
        seconds = self._seconds(timeout)
        with self._lock:
            self._users.discard(user or self)
            if not self._users:
                self.begin_end(seconds)
        if self._lifecycle is Lifecycle.RUNNING:
            self._engine.drain(seconds)
            return
        self._engine.await_end(seconds)
        if self._lifecycle is Lifecycle.ENDED:
            forget(self)

    def expect_termination(self) -> None:
        """The process is going to end: from now on nothing waits in memory or on disk to go together with more."""
        self._engine.stop_lingering()
        self._engine.wait_until_written(LAST_WRITE)

    def write_down(self) -> None:
        """Put on disk what was put where no threads run, and close the spool."""
        with self._lock:
            self._engine.write_down()

    def status(self) -> Status:
        """How delivery is doing. Reads the spool and asks nobody else."""
        return self._engine.status()

    def advise(self, advice: str) -> None:
        """Show an advice in the status from now on, to the doctor of another process too."""
        self._engine.advise(advice)

    def before_fork(self) -> None:
        """Let no connection and no held lock reach the child."""
        self._engine.storage.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._engine.storage.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Begin with nothing in hand: what the parent had is the parent's."""
        self._engine.storage.after_fork_in_child()
        was_running = self._lifecycle in (Lifecycle.RUNNING, Lifecycle.FORKED)
        self._begin(Lifecycle.FORKED if was_running else Lifecycle.NEW, IngestQueue(self._clock))

    def _begin(self, lifecycle: Lifecycle, queue: IngestQueue) -> None:
        self._lock = threading.RLock()
        self._lifecycle = lifecycle
        self._earlier: Engine | None = None
        self._subscribers.last = None
        self._queue: IngestQueue = queue
        notifier = StateNotifier(self._clock, display_backend(self._settings), self._subscribers)
        self._engine: Engine = Engine(
            self._settings,
            self._connect,
            self._clock,
            queue=queue,
            stepped=notifier.publish,
            arrived=self._arrivals,
        )
        weakref.finalize(self, self._engine.end_unused).atexit = False

    def _start_threads(self) -> None:
        with self._lock:
            if self._lifecycle is Lifecycle.RUNNING or not self._settings.tracing.enabled:
                return
            if self._lifecycle in (Lifecycle.ENDING, Lifecycle.ENDED):
                earlier = self._engine
                self._begin(Lifecycle.NEW, self._queue)
                self._earlier = earlier
            self._lifecycle = Lifecycle.RUNNING
            self._engine.start()
            on_termination(self)

    def _note_end(self, engine: Engine) -> None:
        """The threads have ended. What was put while they did, and they did not see, is in the queue still."""
        with self._lock:
            if engine is self._engine:
                self._lifecycle = Lifecycle.ENDED
                engine.write_down()

    def _seconds(self, timeout: float | None) -> float:
        chosen = self._settings.delivery.shutdown_timeout if timeout is None else timeout
        return min(chosen, threading.TIMEOUT_MAX)

    def _put(self, item: Encodable | Feedback | Outcome) -> None:
        self._queue.put(item)
        self._attend_unless_running()

    def _attend_unless_running(self) -> None:
        if self._lifecycle is not Lifecycle.RUNNING:
            self._attend()

    def _attend(self) -> None:
        """See to what is put where no threads are."""
        if self._lifecycle is Lifecycle.FORKED:
            self._start_threads()
        elif self._lifecycle is Lifecycle.ENDED:
            self.write_down()


_made: list[weakref.ref[Delivery]] = []


def shared_delivery(settings: Settings) -> Delivery:
    """The delivery of this process to the destination of `settings`: one writer and one forwarder, whoever asks."""
    resolved = resolve_defaults(settings)
    shared = (delivery for delivery in _alive() if delivery.is_shared and _delivers_alike(delivery.settings, resolved))
    return next(shared, None) or _share(Delivery(settings))


def end_beside_others(delivery: Delivery, end: Callable[[], None]) -> None:
    """Call `end`, which ends one delivery, while all others of this process deliver what they have and go on.

    The process may be about to end, and no lifespan reach the applications that these belong to.
    """
    ends = [end, *(other.deliver for other in _alive() if other is not delivery)]
    map_parallel(ends, lambda each: each(), threads=len(ends))


def latest_delivery() -> Delivery | None:
    """The one that was made last, of those that are in use."""
    alive = _alive()
    return alive[-1] if alive else None


def _share(delivery: Delivery) -> Delivery:
    delivery.is_shared = True
    return delivery


def _alive() -> list[Delivery]:
    alive = [delivery for reference in _made if (delivery := reference()) is not None]
    _made[:] = [weakref.ref(delivery) for delivery in alive]
    return alive


def _delivers_alike(one: Settings, other: Settings) -> bool:
    """Whether all that delivery reads of the settings is the same."""
    sections = ("otlp", "unity_catalog", "delivery")
    names = ("tracking_uri", "experiment_name", "experiment_id", "service_name")
    of_tracing = one.tracing.enabled == other.tracing.enabled and one.tracing.backend == other.tracing.backend
    return of_tracing and all(getattr(one, name) == getattr(other, name) for name in (*sections, *names))


@atexit.register
def _shut_down_all() -> None:
    """At the interpreter's end: deliver what there is, all at once, each for its `delivery.shutdown_timeout`."""
    alive = _alive()
    for delivery in alive:
        delivery.begin_end()
    for delivery in alive:
        delivery.end_with_process()
