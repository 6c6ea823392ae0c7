"""The durable queue of traces on their way to a backend.

What holds, by number (tests/unit/delivery/test_spool_contract.py has one test for each):

1.  A record that `add` has returned for is on disk: it survives the end of this process, however it ends.
2.  Records of one owner and experiment come out oldest first.
3.  A record leaves the spool only on proof: the backend has taken it, a person purged it, or a bound dropped it.
4.  A record is handed out to its owner alone. What a dead owner left goes, trace by trace, to whoever asks next.
5.  A record goes to no other destination than the one it was spooled for.
6.  Counters change in the transaction in which the records change, so at any moment, for each destination,
    `requests = excluded + sampled_out + filtered + traced` and
    `traced = delivered + pending + quarantined + dropped`.
7.  A refused record stays, with the backend's reason, and is not handed out until a person says so.
8.  The spool holds no more bytes than its bound: the oldest records go first, counted as dropped.
9.  A record whose spans the backend has taken keeps only what is still to come.
10. A record that comes out is, byte for byte, the one that went in; one that is not is quarantined.
11. Nothing in here depends on the machine's clock: it is written down for people only.
12. What a later record says of a trace as a whole is never followed by what an earlier one says of it.

| event | what survives |
| --- | --- |
| process killed (`kill -9`) | every record whose `add` has returned; other processes or the next start deliver it |
| power cut | all but the last moments: SQLite's log is not forced to disk at each commit; the file stays whole |
| disk full, folder read-only | what is on disk; `storage.py` keeps what is new in memory, bounded |
| file corrupt | every record that can still be read: `recovery.py` carries it over into a new file |
| spool full | the newest records; what had to go is counted as dropped |
| record refused | the record, quarantined with the reason; the rest of its batch is delivered |
| fork | the parent's records stay the parent's; the child opens the file anew, as an owner of its own |
"""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from otel_mlflow.delivery import statements
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace, Stage, Tally
from otel_mlflow.delivery.spool_file import SpoolFile, used_bytes
from otel_mlflow.delivery.spool_rows import checksum, feedback_row, in_statements, trace_row
from otel_mlflow.pacing import rest_if_due
from otel_mlflow.status import Counts

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord

PAGES_GIVEN_BACK = 2000
"""8 MB at a time: meanwhile no other process can write."""

OVERHEAD = 2
"""Bytes of the file for a byte of content, at the most: small records fill their pages badly."""

SHARERS = 8
"""Processes that may use up the same room between two of our looks at it."""

WORTH_GIVING_BACK = 100
"""Pages."""

PROOF = "proof of room"
PROOF_BYTES = 256 * 1024
"""What must fit onto a disk before it is used again."""

DAMAGED = "damaged on disk: its checksum is not the one it was written with"


class Spool:
    """One owner's view of the spool file, for one destination; `path` None for a spool in memory.

    Safe to use from several threads. Any method raises `sqlite3.Error` or `OSError` when the file cannot be used;
    nothing has been changed then.
    """

    def __init__(self, path: Path | None, *, owner: str, destination: str, max_bytes: int) -> None:
        self.owner = owner
        self.file = SpoolFile(path)
        self._max_bytes = max_bytes
        self._room = 0
        with self.file.transaction() as db:
            db.execute(statements.DESTINATION, (destination,))
            self._destination: int = db.execute(statements.DESTINATION_ID, (destination,)).fetchone()[0]
        self._mine = (owner, self._destination)

    def add(
        self, traces: Sequence[TraceRecord], feedback: Sequence[tuple[str, bytes]], tally: Tally, now: float
    ) -> int:
        """Keep what is handed over and count it; answer how many requests' traces had to go for it.

        `feedback` is pairs of trace id and payload; `now` is the wall clock's time, kept for people to see.
        """
        rows = [trace_row(trace) for trace in traces if trace.spans or trace.info]
        rows += [feedback_row(trace_id, payload) for trace_id, payload in feedback]
        with self.file.transaction() as db:
            place = (self._destination, self.owner, now)
            for some in in_statements(rows):
                rest_if_due()
                db.execute(statements.insert(len(some)), [value for row in some for value in (*place, *row)])
            _count(db, self._destination, tally)
            return self._make_room(db, sum(len(row[-1]) + len(row[-2]) for row in rows))

    def next_batch(
        self,
        stage: Stage,
        *,
        records: int,
        max_bytes: int,
        but: Collection[str] = (),
        skipped: Collection[int] = (),
        after: int = 0,
    ) -> list[SpooledTrace]:
        """Read the owner's oldest traces, all of one experiment.

        At least one whatever its size; then as many as fit into both bounds. None of the experiments in `but`, none
        of the records in `skipped`, none that came before the record `after` or is it.
        """
        mine = (*self._mine, stage.value)
        oldest_query = statements.OLDEST.format(but=_places(but), skipped=_places(skipped))
        query = statements.BATCH.format(skipped=_places(skipped))
        with self.file.snapshot() as db:
            oldest = db.execute(oldest_query, (*mine, *but, after, *skipped)).fetchone()
            rows = db.execute(query, (*mine, *oldest, after, *skipped, records)) if oldest else ()
            batch, damaged = _read(rows, max_bytes)
        if damaged:
            self.quarantine(dict.fromkeys(damaged, DAMAGED))
        return batch

    def has_more_than(self, records: int) -> bool:
        """Whether more than so many of the owner's traces wait whole."""
        with self.file.snapshot() as db:
            return db.execute(statements.MORE_THAN, (*self._mine, Stage.WHOLE.value, records)).fetchone() is not None

    def next_feedback(self, skipped: Collection[int] = ()) -> SpooledFeedback | None:
        """Read the owner's oldest feedback whose trace no longer waits here; none of those in `skipped`."""
        query = statements.FEEDBACK.format(skipped=_places(skipped))
        with self.file.snapshot() as db:
            row = db.execute(query, (*self._mine, *skipped)).fetchone()
        return SpooledFeedback(*row) if row else None

    def delivered(self, ids: Iterable[int]) -> None:
        """The backend has all of these."""
        with self.file.transaction() as db:
            _count(db, self._destination, Tally(delivered=delete(db, ids)))

    def drop_outdated(self, batch: Sequence[SpooledTrace]) -> None:
        """The backend has what these say of their traces as a whole: what earlier records say of it is out of date."""
        with self.file.transaction() as db:
            places = [(trace.trace_id, *self._mine, trace.id) for trace in batch if trace.info]
            outdated = [record for place in places for (record,) in db.execute(statements.OUTDATED, place)]
            _count(db, self._destination, Tally(delivered=delete(db, outdated)))

    def spans_delivered(self, batch: Sequence[SpooledTrace]) -> None:
        """The backend has the spans of these; what else they hold is still to come."""
        with self.file.transaction() as db:
            db.executemany(
                statements.KEEP_METADATA, [(zlib.crc32(trace.info), trace.id) for trace in batch if trace.info]
            )
            complete = delete(db, [trace.id for trace in batch if not trace.info])
            _count(db, self._destination, Tally(delivered=complete))

    def mark_attempted(self, records: Iterable[int]) -> None:
        """All of these records is being sent, or was: the backend may have it, whatever it says."""
        with self.file.transaction() as db:
            db.executemany(statements.MARK_ATTEMPTED, [(record,) for record in records])

    def quarantine(self, reasons: Mapping[int, str]) -> None:
        """The backend will never take these as they are; `reasons` by record id."""
        with self.file.transaction() as db:
            db.executemany(statements.QUARANTINED, [(reason, record) for record, reason in reasons.items()])

    def owners(self) -> set[str]:
        """The owners of all records in the file."""
        with self.file.snapshot() as db:
            return {name for (name,) in db.execute(statements.OWNERS)}

    def release(self, owner: str) -> None:
        """Let anybody have what is left of an owner's records."""
        with self.file.transaction() as db:
            db.execute(statements.RELEASE, (owner,))
            db.execute(statements.FORGET_PROCESS, (owner,))

    def claim(self, records: int) -> int:
        """Make up to so many records that nobody owns this owner's, with all others of the same traces."""
        with self.file.snapshot() as db:
            if db.execute(statements.IS_ORPHANED, (self._destination,)).fetchone() is None:
                return 0
        with self.file.transaction() as db:
            return db.execute(statements.CLAIM, (*self._mine, self._destination, records)).rowcount

    def publish_status(self, status: str) -> None:
        """Let other processes read how this one is doing, as JSON."""
        with self.file.transaction() as db:
            db.execute(statements.PUBLISH_STATUS, (*self._mine, status))

    def counts(self) -> Counts:
        """Every request that was counted for this destination, in all processes."""
        with self.file.snapshot() as db:
            return counts_of(db, self._destination)

    def pending(self) -> int:
        """How many records of any kind wait to be delivered to this destination."""
        with self.file.snapshot() as db:
            found: int = db.execute(statements.PENDING, (self._destination,)).fetchone()[0]
        return found

    def is_done(self) -> bool:
        """Whether nothing of this destination waits that is the owner's, or could be."""
        with self.file.snapshot() as db:
            return db.execute(statements.OWNED, self._mine).fetchone() is None

    def used_bytes(self) -> int:
        """Bytes in use, by records of all destinations."""
        with self.file.snapshot() as db:
            return used_bytes(db)

    def oldest(self) -> float | None:
        """When the oldest record that waits for this destination was spooled: the wall clock's time of then."""
        with self.file.snapshot() as db:
            row = db.execute(statements.SPOOLED_AT, (self._destination, self._destination)).fetchone()
        return row[0] if row else None

    def give_back(self) -> None:
        """Let the disk have some of the space that nothing needs any more."""
        with self.file.alone() as db:
            if db.execute("PRAGMA freelist_count").fetchone()[0] < WORTH_GIVING_BACK:
                return
            # A script, because a statement of this kind gives back one page for each row that is asked of it.
            db.executescript(f"PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})")

    def prove_room(self) -> None:
        """Write something of some size and delete it again: opening a file on a full disk may well succeed."""
        with self.file.transaction() as db:
            db.execute(statements.PUBLISH_STATUS, (PROOF, self._destination, "0" * PROOF_BYTES))
        with self.file.transaction() as db:
            db.execute(statements.FORGET_PROCESS, (PROOF,))

    def _make_room(self, db: sqlite3.Connection, added: int) -> int:
        """Keep to the bound. Looks at the size of the file only where enough has come since the last look."""
        self._room -= added * OVERHEAD
        if self._room > 0:
            return 0
        dropped = make_room(db, self._max_bytes)
        self._room = min((self._max_bytes - used_bytes(db)) // SHARERS, self._max_bytes // 64)
        return dropped


def counts_of(db: sqlite3.Connection, destination: int) -> Counts:
    """The counters of a destination, and what waits for it."""
    counters = dict(db.execute(statements.COUNTERS, (destination,)).fetchall())
    waiting = dict(db.execute(statements.WAITING, (destination,)).fetchall())
    return Counts(**counters, pending=waiting.get(0, 0), quarantined=waiting.get(1, 0))


def delete(db: sqlite3.Connection, ids: Iterable[int]) -> int:
    """Delete the records that are still there, and answer how many of them stood for a request."""
    counted = 0
    remaining = iter(ids)
    while some := list(itertools.islice(remaining, statements.IDS_AT_ONCE)):
        places = _places(some)
        counted += db.execute(statements.COUNTED.format(ids=places), some).fetchone()[0]
        db.execute(statements.DELETE.format(ids=places), some)
    return counted


def make_room(db: sqlite3.Connection, max_bytes: int) -> int:
    """Drop the oldest records until the bound holds; answer how many requests' traces went."""
    dropped = 0
    while used_bytes(db) > max_bytes and (oldest := db.execute(statements.OLDEST_OF_ALL).fetchall()):
        for record, destination, counted in oldest:
            delete(db, [record])
            _count(db, destination, Tally(dropped=counted))
            dropped += counted
    return dropped


def _count(db: sqlite3.Connection, destination: int, tally: Tally) -> None:
    for name, value in tally.items():
        if value:
            db.execute(statements.COUNT, (destination, name, value))


def _read(
    rows: Iterable[tuple[int, str, bytes, bytes, str | None, int, int, int]], max_bytes: int
) -> tuple[list[SpooledTrace], list[int]]:
    batch: list[SpooledTrace] = []
    damaged: list[int] = []
    size = 0
    for record, trace_id, spans, info, experiment, counted, attempts, expected in rows:
        size += len(spans) + len(info)
        if batch and size > max_bytes:
            break
        if checksum(info, spans) == expected:
            is_never_sent = bool(counted) and not attempts
            batch.append(SpooledTrace(record, trace_id, spans, info, experiment, is_never_sent, attempts))
        else:
            damaged.append(record)
    return batch, damaged


def _places(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
