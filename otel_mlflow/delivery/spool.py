"""The durable queue of traces on their way to a backend.

What holds, by number (tests/unit/delivery/test_spool_contract.py has one test for each):

1.  A record that `add` has returned for is on disk: it survives the end of this process, however it ends.
2.  Records of one owner come out oldest first.
3.  A record leaves the spool only on proof: the backend has taken it, a person purged it, or a bound dropped it.
4.  A record is handed out to its owner alone. The records of a dead owner go to whoever asks next.
5.  A record goes to no other destination than the one it was spooled for.
6.  Counters change in the transaction in which the records change, so at any moment, for each destination,
    `requests = excluded + sampled_out + filtered + traced` and
    `traced = delivered + pending + quarantined + dropped`.
7.  A refused record stays, with the backend's reason, and is not handed out until a person says so.
8.  The spool holds no more bytes than its bound: the oldest records go first, counted as dropped.
9.  A record whose spans the backend has taken keeps only what is still to come.
10. Nothing in here depends on the machine's clock: it is written down for people only.

| event | what survives |
| --- | --- |
| process killed (`kill -9`) | every record whose `add` has returned; other processes or the next start deliver it |
| power cut | all but the last moments: SQLite's log is not forced to disk at each commit; the file stays whole |
| disk full, folder read-only | what is on disk; `storage.py` keeps what is new in memory, bounded |
| file corrupt | every record that can still be read: `salvage.py` carries it over into a new file |
| spool full | the newest records; what had to go is counted as dropped |
| record refused | the record, quarantined with the reason; the rest of its batch is delivered |
| fork | the parent's records stay the parent's; the child opens the file anew as an owner of its own |
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from otel_mlflow.delivery import schema
from otel_mlflow.delivery.records import Part, SpooledFeedback, SpooledTrace, Tally
from otel_mlflow.diagnosis.status import Counts

if TYPE_CHECKING:
    from otel_mlflow.spans.record import TraceRecord

NOBODY = ""
QUARANTINE = "!"
COUNTERS = ("requests", "excluded", "sampled_out", "filtered", "traced", "delivered", "dropped")
DROPPED_AT_ONCE = 50


class Spool:
    """One process's view of the spool file, for one destination; `path` None for a spool in memory.

    Safe to use from several threads. Any method raises `sqlite3.Error` or `OSError` when the file cannot be used;
    nothing has been changed then.
    """

    def __init__(self, path: Path | None, *, owner: str, destination: str, max_bytes: int) -> None:
        self.owner = owner
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._db = schema.connect(path)
        with self._transaction():
            self._destination = self._id_of(destination)

    def close(self) -> None:
        """Close the file; no method may be called any more."""
        with self._lock:
            self._db.close()

    def add(
        self, traces: Sequence[TraceRecord], feedback: Sequence[tuple[str, bytes]], tally: Tally, now: float
    ) -> None:
        """Keep what is handed over, and count it; `feedback` is pairs of trace id and payload.

        `now` is the wall clock's time, kept for people to see.
        """
        rows = [self._trace_row(trace, now) for trace in traces if trace.spans or trace.info]
        rows += [self._feedback_row(trace_id, payload, now) for trace_id, payload in feedback]
        with self._transaction():
            self._db.executemany(_INSERT, rows)
            self._count(tally)
            if rows:
                self._make_room()

    def next_batch(
        self, part: Part, *, records: int, max_bytes: int, but: Iterable[str | None] = ()
    ) -> list[SpooledTrace]:
        """Read the oldest of this owner's traces, all of one experiment, none of the experiments in `but`.

        At least one whatever its size; then as many as fit into both bounds.
        """
        query = _NEXT.format(experiments=" AND ".join(["experiment IS NOT ?"] * len(list(but))) or "1")
        with self._lock:
            cursor = self._db.execute(query, (self.owner, part.value, self._destination, *but))
            batch: list[SpooledTrace] = []
            size = 0
            for row in cursor:
                trace = SpooledTrace(*row)
                size += trace.size
                if batch and (trace.experiment != batch[0].experiment or size > max_bytes):
                    break
                batch.append(trace)
                if len(batch) == records:
                    break
            return batch

    def has_more_than(self, records: int) -> bool:
        """Whether more than so many of this owner's traces wait whole."""
        with self._lock:
            found = self._db.execute(_MORE_THAN, (self.owner, Part.WHOLE.value, self._destination, records)).fetchone()
        return found is not None

    def next_feedback(self, but: Iterable[int] = ()) -> SpooledFeedback | None:
        """Read the oldest feedback whose trace no longer waits here; none of those in `but`."""
        skipped = ",".join(str(int(each)) for each in but)
        with self._lock:
            row = self._db.execute(_FEEDBACK.format(skipped=skipped), (self.owner, self._destination)).fetchone()
        return SpooledFeedback(*row) if row else None

    def delivered(self, ids: Iterable[int]) -> None:
        """The backend has all of these."""
        with self._transaction():
            self._count(Tally(delivered=self._delete(ids)))

    def spans_delivered(self, batch: Iterable[SpooledTrace]) -> None:
        """The backend has the spans of these; what else they hold is still to come."""
        with self._transaction():
            more = [trace for trace in batch if trace.info]
            self._db.executemany(_KEEP_DETAILS, [(len(trace.info), trace.id) for trace in more])
            self._count(Tally(delivered=self._delete(trace.id for trace in batch if not trace.info)))

    def tried(self, record: int) -> None:
        """The record could not be delivered this time, for a reason of its own."""
        with self._transaction():
            self._db.execute("UPDATE record SET attempts = attempts + 1 WHERE id = ?", (record,))

    def quarantine(self, reasons: Mapping[int, str]) -> None:
        """The backend will never take these as they are; `reasons` by record id."""
        with self._transaction():
            self._db.executemany(_QUARANTINE, [(reason, record) for record, reason in reasons.items()])

    def owners(self) -> set[str]:
        """The owners of all records in the file."""
        with self._lock:
            return {name for (name,) in self._db.execute("SELECT DISTINCT owner FROM record")} - {NOBODY, QUARANTINE}

    def disown(self, owner: str) -> None:
        """Let anybody have what is left of an owner's records."""
        with self._transaction():
            self._db.execute("UPDATE record SET owner = ? WHERE owner = ?", (NOBODY, owner))

    def adopt(self, records: int) -> int:
        """Make up to so many records that nobody owns this owner's, with all others of the same traces."""
        with self._transaction():
            parameters = (self.owner, NOBODY, self._destination, NOBODY, self._destination, records)
            return self._db.execute(_ADOPT, parameters).rowcount

    def counts(self) -> Counts:
        """Every request that was counted for this destination, in all processes."""
        with self._snapshot():
            kept = dict(self._db.execute("SELECT name, value FROM counter WHERE destination = ?", (self._destination,)))
            waiting = dict(self._db.execute(_WAITING, (self._destination,)).fetchall())
        return Counts(**kept, pending=waiting.get(0, 0), quarantined=waiting.get(1, 0))

    def pending(self) -> int:
        """How many records of any kind wait to be delivered to this destination."""
        with self._lock:
            found = self._db.execute(_PENDING, (self._destination,)).fetchone()
        return int(found[0])

    def used_bytes(self) -> int:
        """Bytes in use, by records of all destinations."""
        with self._lock:
            pages, free, size = (
                self._db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    def oldest(self) -> float | None:
        """When the oldest record that waits for this destination was spooled: the wall clock's time of then."""
        with self._lock:
            row = self._db.execute(_OLDEST, (self._destination, self._destination)).fetchone()
        return row[0] if row else None

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Generator[None, None, None]:
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def _id_of(self, destination: str) -> int:
        self._db.execute("INSERT INTO destination (name) VALUES (?) ON CONFLICT DO NOTHING", (destination,))
        row = self._db.execute("SELECT id FROM destination WHERE name = ?", (destination,)).fetchone()
        return int(row[0])

    def _trace_row(self, trace: TraceRecord, now: float) -> tuple[object, ...]:
        part = Part.WHOLE if trace.spans else Part.DETAILS
        size = len(trace.spans) + len(trace.info)
        place = (self._destination, self.owner, part.value, trace.counted, now, trace.trace_id, trace.experiment)
        return (*place, size, trace.info, trace.spans)

    def _feedback_row(self, trace_id: str, payload: bytes, now: float) -> tuple[object, ...]:
        place = (self._destination, self.owner, Part.FEEDBACK.value, False, now, trace_id, None)
        return (*place, len(payload), payload, b"")

    def _delete(self, ids: Iterable[int]) -> int:
        """Delete the records and tell how many of them were counted requests."""
        counted = 0
        for record in ids:
            row = self._db.execute("SELECT counted FROM record WHERE id = ?", (record,)).fetchone()
            if row is not None:
                self._db.execute("DELETE FROM record WHERE id = ?", (record,))
                counted += row[0]
        return counted

    def _count(self, tally: Tally) -> None:
        self._count_for(self._destination, tally)

    def _count_for(self, destination: int, tally: Tally) -> None:
        self._db.executemany(_COUNT, [(destination, name, value) for name, value in tally.items() if value])

    def _make_room(self) -> None:
        while self.used_bytes() > self._max_bytes and (oldest := self._db.execute(_OLDEST_OF_ALL).fetchall()):
            for record, destination, counted in oldest:
                self._db.execute("DELETE FROM record WHERE id = ?", (record,))
                self._count_for(destination, Tally(dropped=counted))


_INSERT = """
INSERT INTO record (destination, owner, awaits, counted, spooled_at, trace_id, experiment, size, info, spans)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COUNT = """
INSERT INTO counter (destination, name, value) VALUES (?, ?, ?)
ON CONFLICT (destination, name) DO UPDATE SET value = value + excluded.value
"""
_NEXT = """
SELECT id, trace_id, spans, info, experiment FROM record
WHERE owner = ? AND awaits = ? AND destination = ? AND {experiments} ORDER BY id
"""
_MORE_THAN = "SELECT id FROM record WHERE owner = ? AND awaits = ? AND destination = ? LIMIT 1 OFFSET ?"
_FEEDBACK = """
SELECT id, trace_id, info, attempts FROM record AS feedback
WHERE owner = ? AND awaits = 'feedback' AND destination = ? AND id NOT IN ({skipped})
AND NOT EXISTS (
    SELECT 1 FROM record WHERE trace_id = feedback.trace_id AND awaits != 'feedback' AND quarantined = 0
)
ORDER BY id LIMIT 1
"""
_KEEP_DETAILS = "UPDATE record SET awaits = 'details', spans = x'', size = ? WHERE id = ?"
_QUARANTINE = (
    f"UPDATE record SET quarantined = 1, owner = '{QUARANTINE}', reason = ?, attempts = attempts + 1 WHERE id = ?"
)
_ADOPT = """
UPDATE record SET owner = ? WHERE owner = ? AND destination = ? AND trace_id IN (
    SELECT trace_id FROM record WHERE owner = ? AND destination = ? ORDER BY id LIMIT ?
)
"""
_WAITING = "SELECT quarantined, count(*) FROM record WHERE destination = ? AND counted = 1 GROUP BY quarantined"
_PENDING = "SELECT count(*) FROM record WHERE destination = ? AND quarantined = 0"
_OLDEST = """
SELECT spooled_at FROM record WHERE id = (
    SELECT min(id) FROM (
        SELECT min(id) AS id FROM record WHERE destination = ? AND quarantined = 0 AND counted = 0
        UNION ALL SELECT min(id) FROM record WHERE destination = ? AND quarantined = 0 AND counted = 1
    )
)
"""
_OLDEST_OF_ALL = f"SELECT id, destination, counted FROM record ORDER BY id LIMIT {DROPPED_AT_ONCE}"
