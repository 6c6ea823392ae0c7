"""The parts of delivery that work together in one process, and what they know together."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.destinations import destination_key, display_backend
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.forwarder import Forwarder
from otel_mlflow.delivery.health import Condition
from otel_mlflow.delivery.ingest_queue import IngestQueue
from otel_mlflow.delivery.records import OnArrival
from otel_mlflow.delivery.snapshot import Snapshot
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.spool_writer import SpoolWriter
from otel_mlflow.delivery.storage import SpoolLostError, Storage
from otel_mlflow.outside import own_thread
from otel_mlflow.status import Counts, SpoolStatus, Status, timestamp

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

Answer = TypeVar("Answer")

WITHOUT_PROGRESS = 0.25
"""Seconds after which it is asked anew whether all is delivered, where nothing was written or sent meanwhile: another
process may have delivered it."""

TO_DISK = 0.2
"""Seconds that writing down what is in memory may take at the end, whatever the timeout says."""

FIGURES_AFTER_FLUSH = 1.0
"""Seconds of a flush's or an end's time, at most, that it takes to read the figures."""

STALE_AFTER = 5.0
"""Seconds without an answer from the spool, after which that is what is the matter: SQLite waits as long for a lock."""


class Engine:
    """Queue → writer → spool → forwarder → destination. Runs once: after `end()` a new one must be made."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Destination],
        clock: Clock,
        *,
        queue: IngestQueue,
        stepped: Callable[[Engine], None],
        arrived: OnArrival,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.storage = Storage(
            settings.delivery.spool_dir,
            destination=destination_key(settings),
            max_bytes=settings.delivery.max_spool_bytes,
            clock=clock,
        )
        self._stepped = stepped
        self._progress = threading.Event()
        self.forwarder = Forwarder(self.storage, connect, clock, self._note_step, arrived)
        self.writer = SpoolWriter(queue, self.storage, clock, self._note_written)
        self._threads = [_thread("writer", self.writer.run), _thread("forwarder", self.forwarder.run)]
        self._ending: threading.Thread | None = None
        self._lost = 0
        self._advice: list[str] = []
        self._figures = Snapshot(self._read_figures, _Figures(Counts(), SpoolStatus(folder=str(self.storage.folder))))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def end(self, timeout: float, ended: Callable[[Engine], None]) -> None:
        """Begin to write everything down, deliver for `timeout` seconds or until the backend fails, end the threads.

        `ended` is called, on a thread of its own, when they have ended, however long a lock or a disk holds them up.
        """
        deadline = self._clock.monotonic() + max(timeout, TO_DISK)
        self._ending = _thread("end", functools.partial(self._end, deadline, ended))
        self._ending.start()

    def await_end(self, timeout: float) -> None:
        """Wait for an end that has begun, if one has, and until others may have what it has left."""
        if self._ending is not None:
            deadline = self._clock.monotonic() + max(timeout, TO_DISK)
            self._ending.join(self._left(deadline))
            # While the figures are read the spool stays open, and what is in it this process's.
            self._figures.await_reading(self._left(deadline))

    def _end(self, deadline: float, ended: Callable[[Engine], None]) -> None:
        writer, forwarder = self._threads
        self.drain(self._left(deadline))
        self.forwarder.stop()
        # A backend that hangs while it is connected to, with nothing to deliver, keeps nobody.
        if not (self.forwarder.is_connecting and self.is_done()):
            forwarder.join(self._left(deadline))
        # The writer goes last: requests that are cut short hand over their traces until the server is gone.
        self.writer.stop()
        writer.join()
        self._renew_figures(deadline)
        self.storage.close()
        ended(self)

    def flush(self, timeout: float) -> bool:
        """Wait until all is delivered; False where it is not in time, or something was lost since the last time."""
        self.take_over()
        deadline = self._clock.monotonic() + timeout
        self.hurry(timeout)
        done = False

        def is_over() -> bool:
            nonlocal done
            done = self.is_done()
            return done or self.forwarder.rests_beyond(deadline)

        self._wait_for_progress(is_over, self._left(deadline))
        self._renew_figures(deadline)
        lost_before, self._lost = self._lost, self.lost()
        return done and self._lost == lost_before

    def drain(self, timeout: float) -> None:
        """Deliver what there is for `timeout` seconds, until the backend fails or nothing is tried in time; go on."""
        failures = self.forwarder.failures
        deadline = self._clock.monotonic() + timeout
        self.hurry(timeout)

        def is_over() -> bool:
            forwarder = self.forwarder
            return self.is_done() or forwarder.failures > failures or forwarder.rests_beyond(deadline)

        self._wait_for_progress(is_over, self._left(deadline))

    def end_unused(self) -> None:
        """Nobody refers to this delivery any more: write everything down, and end. Does not wait."""
        if self._threads[0].is_alive():
            self.end(0.0, _tell_nobody)

    def write_down(self) -> None:
        """Put on disk what is in the queue, on the caller's thread, and close the spool. Not while the writer runs."""
        if not self._threads[0].is_alive():
            self.writer.write_all()
            self.storage.close()

    def hurry(self, timeout: float) -> None:
        """Somebody waits up to `timeout` seconds: nothing waits for more in memory or in the spool."""
        self.writer.hurry()
        self.forwarder.hurry()
        self.wait_until_written(timeout)
        # It was for what was in the spool by then that the forwarder hurried.
        self.forwarder.hurry()

    def stop_lingering(self) -> None:
        """Write down and send each trace as soon as it comes."""
        self.writer.stop_lingering()
        self.forwarder.stop_lingering()

    def take_over(self) -> None:
        """Let this process have what dead ones left: a child that was forked in a request, say."""
        with contextlib.suppress(SpoolLostError):
            self.storage.take_over()

    def is_done(self) -> bool:
        """Whether everything that this process has to deliver is delivered."""
        return self.writer.is_done() and self.ask(Spool.is_done, default=False)

    def lost(self) -> int:
        """How many traces have been refused or dropped."""
        return self.forwarder.refused + self.writer.dropped

    def wait_until_written(self, timeout: float) -> None:
        """Wait until the spool has everything that was put in."""
        self._wait_for_progress(self.writer.is_done, timeout)

    def ask(self, question: Callable[[Spool], Answer], *, default: Answer) -> Answer:
        """Ask the spool something; `default` where it cannot be used."""
        try:
            with self.storage.using() as spool:
                return question(spool)
        except SpoolLostError:
            return default

    def condition(self) -> Condition:
        """The state of delivery, why it is so, and what to do. Costs no I/O."""
        if not self._settings.tracing.enabled:
            return Condition("disabled", "tracing.enabled is false", "set tracing.enabled to true")
        return self.forwarder.health.condition(self.storage.trouble or self.writer.trouble or self.forwarder.trouble)

    def advise(self, advice: str) -> None:
        """Show an advice in the status from now on."""
        self._advice.append(advice)

    def status(self) -> Status:
        """All that is known, within 50 ms: where the spool does not answer in time, its last known figures."""
        figures, age = self._figures.get()
        condition = self.condition()
        if age > STALE_AFTER and condition.state == "ok":
            condition = _unanswered(self.storage.folder, age)
        health = self.forwarder.health
        connected = health.connected
        return Status(
            state=condition.state,
            reason=condition.reason,
            fix=condition.fix,
            experiment=connected.experiment if connected else None,
            tracking_uri=connected.tracking_uri if connected else display_backend(self._settings),
            identity=connected.identity if connected else None,
            credential_source=connected.credential_source if connected else None,
            counts=figures.counts,
            spool=replace(figures.spool, figures_age_seconds=age),
            last_delivery=timestamp(health.last_delivery) if health.last_delivery else None,
            last_error=health.last_error,
            advice=list(self._advice),
            settings=self._settings.sources,
        )

    def _wait_for_progress(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until it holds, asked after each step of the threads; answer whether it does."""
        deadline = self._clock.monotonic() + timeout
        while True:
            self._progress.clear()
            met = condition()
            left = deadline - self._clock.monotonic()
            if met or left <= 0:
                return met
            self._clock.wait(self._progress, min(left, WITHOUT_PROGRESS))

    def _note_step(self) -> None:
        self._progress.set()
        self._stepped(self)

    def _note_written(self) -> None:
        self.forwarder.wake()
        self._progress.set()

    def _renew_figures(self, deadline: float) -> None:
        """Whoever has waited for delivery asks for its figures next."""
        self._figures.get(min(self._left(deadline), FIGURES_AFTER_FLUSH))

    def _read_figures(self) -> _Figures:
        # Where delivery has ended the spool is opened once for all of them.
        with self.storage.using():
            return _Figures(self._counts(), self._spool_status())

    def _counts(self) -> Counts:
        with self.writer.unwritten() as unwritten:
            try:
                stored = self.storage.counts()
            except SpoolLostError:
                stored = Counts()
        pending = unwritten["traced"] - unwritten["dropped"]
        return stored + Counts(**unwritten, pending=pending)

    def _spool_status(self) -> SpoolStatus:
        oldest = self.ask(Spool.oldest, default=None)
        return SpoolStatus(
            bytes=self.ask(Spool.used_bytes, default=0),
            oldest_age_seconds=max(0.0, self._clock.wall() - oldest) if oldest is not None else None,
            folder=str(self.storage.folder),
            in_memory=self.storage.in_memory,
        )

    def _left(self, deadline: float) -> float:
        return max(0.0, deadline - self._clock.monotonic())


@dataclass(frozen=True)
class _Figures:
    """What only the spool can tell."""

    counts: Counts
    spool: SpoolStatus


def _unanswered(folder: Path, seconds: float) -> Condition:
    return Condition(
        "degraded",
        f"the spool in {folder} has not answered for {seconds:.0f} s, the figures are as old",
        f"see what holds a lock on the files in {folder}, or whether its disk hangs",
        "unanswered",
    )


def _tell_nobody(engine: Engine) -> None:
    """For an end that nobody waits for."""


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    return own_thread(target, f"otel-mlflow-{name}")
