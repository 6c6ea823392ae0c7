"""The thread that writes down what requests have finished, and puts it into the spool."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.ingest_queue import (
    HELD_NOTHING,
    Dropped,
    Feedback,
    IngestQueue,
    Item,
    Written,
    encode_records,
    tally,
)
from otel_mlflow.delivery.pacer import Pacer
from otel_mlflow.delivery.records import Encodable, Tally, TraceRecord
from otel_mlflow.delivery.storage import SpoolLostError, Storage
from otel_mlflow.delivery.trouble import LocalTrouble, RecentTrouble
from otel_mlflow.guard import guarded

LINGER = 0.05
"""Seconds in which finished traces wait for more before they are written together: a fifth of what is promised."""

IDLE = 1.0
"""Seconds between two looks at what else there is to do. A trace that comes wakes the writer at once."""

LONGEST_ENCODED = 0.06
"""Seconds of encoding, rests included, after which what is encoded is written: the first of it has waited as long."""

AT_ONCE = 396
"""Traces in one transaction: four statements' worth."""

UNHURRIED = 0.1
"""Seconds of writing after which the rests are cut short: what was put in last must be on disk in time, too."""

SPOOLS_TRIED = 3
"""One on disk, the one that takes its place where that is damaged or gone, and one in memory."""

SPOOL_FULL = LocalTrouble(
    "the spool is full, and the oldest traces were dropped for new ones",
    "see what holds up delivery, or raise delivery.max_spool_bytes",
    "full",
)
NO_SPOOL = LocalTrouble("traces were dropped: neither disk nor memory could keep them", "see the log", "lost")


class SpoolWriter:
    """Works off the queue until it is stopped. `written` is called after each transaction."""

    def __init__(self, queue: IngestQueue, storage: Storage, clock: Clock, written: Callable[[], None]) -> None:
        self.dropped = 0
        self._queue = queue
        self._storage = storage
        self._clock = clock
        self._written = written
        self._pacer = queue.pacer = Pacer(clock, self._is_late)
        self._began = 0.0
        self._hurry = False
        self._lingers = True
        self._stopped = False
        self._lock = threading.Lock()
        self._in_hand = Tally()
        self._writing = False
        self._trouble = RecentTrouble(clock)

    @property
    def trouble(self) -> LocalTrouble | None:
        """Why traces were dropped, None when none were of late."""
        return self._trouble.current

    def run(self) -> None:
        """Write until `stop()`, then what is left."""
        while not self._stopped:
            self._queue.wait(IDLE)
            self._storage.check_disk()
            if len(self._queue) and not self._hurry and self._lingers:
                self._queue.linger(LINGER)
            self._hurry = False
            self.write_all()
        self.write_all()

    def hurry(self) -> None:
        """Somebody waits for what is in the queue."""
        self._hurry = True
        self._queue.wake()

    def let_in(self) -> None:
        """Hurry, and go on at once where it is only the interpreter that is waited for."""
        self.hurry()
        self._pacer.let_in()

    def stop_lingering(self) -> None:
        """Write each trace as soon as it comes."""
        self._lingers = False
        self.hurry()

    def stop(self) -> None:
        """Write what is there, and end."""
        self._stopped = True
        self.hurry()

    def write_all(self) -> None:
        """Empty the queue."""
        self._began = self._clock.monotonic()
        with self._pacer.working():
            while len(self._queue):
                self._write_some()
                self._written()

    def is_done(self) -> bool:
        """Whether the spool has everything that was put in."""
        with self._lock:
            return not self._writing and not len(self._queue)

    @contextmanager
    def unwritten(self) -> Generator[Tally, None, None]:
        """What the spool does not have yet; in the block it stays that way."""
        with self._lock:
            yield self._queue.tally() + self._in_hand

    @guarded
    def _write_some(self) -> None:
        try:
            self._keep(*self._encode_some())
        finally:
            if self._writing:
                self._give_up()

    def _encode_some(self) -> tuple[list[TraceRecord], list[tuple[str, bytes]]]:
        traces: list[TraceRecord] = []
        feedback: list[tuple[str, bytes]] = []
        closes_at = self._clock.monotonic() + LONGEST_ENCODED
        while len(traces) < AT_ONCE and self._clock.monotonic() < closes_at and (item := self._take()) is not None:
            if isinstance(item, Feedback):
                feedback.append((item.trace_id, item.payload))
            elif isinstance(item, Dropped):
                self._note_dropped(item)
            elif not isinstance(item, str):
                self._encode(item, traces)
                self._pacer.rest_if_due()
        return traces, feedback

    def _take(self) -> Item | None:
        with self._lock:
            item = self._queue.take()
            if item is not None:
                self._writing = True
                self._in_hand.update(tally(item))
        return item

    def _encode(self, item: Encodable | Written, traces: list[TraceRecord]) -> None:
        counted = item.counted
        records = encode_records(item)
        if not isinstance(records, LocalTrouble):
            traces.extend(records)
            return
        self._in_hand["dropped"] += counted
        self._note_dropped(Dropped(records, counted))

    def _note_dropped(self, dropped: Dropped) -> None:
        """More of a trace may well hold nothing; whatever else is dropped is somebody's."""
        if dropped.counted or dropped.why is not HELD_NOTHING:
            self._trouble.note(dropped.why)

    def _keep(self, traces: list[TraceRecord], feedback: list[tuple[str, bytes]]) -> None:
        """Put them into whichever spool takes them. Raises `SpoolLostError` where none does."""
        for spools_left in reversed(range(SPOOLS_TRIED)):
            try:
                with self._lock, self._storage.using() as spool:
                    pushed_out = spool.add(traces, feedback, self._in_hand, self._clock.wall())
                    self._in_hand = Tally()
                    self._writing = False
                self._count_dropped(pushed_out, SPOOL_FULL)
                return
            except SpoolLostError:
                if not spools_left:
                    raise

    def _give_up(self) -> None:
        """What is in hand can be kept nowhere. That it was dropped is put down with the next that can be kept."""
        with self._lock:
            lost = self._in_hand["traced"] - self._in_hand["dropped"]
            self._in_hand["dropped"] += lost
            self._writing = False
        self._count_dropped(lost, NO_SPOOL)

    def _count_dropped(self, dropped: int, trouble: LocalTrouble) -> None:
        self.dropped += dropped
        if dropped:
            self._trouble.note(trouble)

    def _is_late(self) -> bool:
        return self._hurry or self._stopped or self._clock.monotonic() - self._began > UNHURRIED
