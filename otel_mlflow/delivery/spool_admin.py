"""A spool folder as a person looks at it: what waits, what was refused, and what is to become of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from otel_mlflow.delivery import statements
from otel_mlflow.delivery.leases import is_dead, spool_path
from otel_mlflow.delivery.private_folder import existing_folder
from otel_mlflow.delivery.spool import counts_of, delete
from otel_mlflow.delivery.spool_file import SpoolFile, used_bytes
from otel_mlflow.status import Counts


@dataclass(frozen=True)
class Backlog:
    """What waits for one destination."""

    destination: str
    pending: int
    quarantined: int
    bytes: int
    spooled_at: float | None
    """The wall clock's time when the oldest of it was spooled; None when nothing waits."""


@dataclass(frozen=True)
class SpoolRecord:
    """One record, without its content."""

    id: int
    trace_id: str
    destination: str
    stage: str
    quarantined: bool
    reason: str | None
    attempts: int
    experiment: str | None
    bytes: int
    spooled_at: float


class SpoolAdmin:
    """The spool of this host in `folder`. Raises `FileNotFoundError` where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = existing_folder(folder)
        self.path = spool_path(self.folder)
        if not self.path.exists():
            raise FileNotFoundError(self.path)
        self._file = SpoolFile(self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def backlogs(self) -> list[Backlog]:
        """What waits, for each destination there ever was."""
        with self._file.snapshot() as db:
            rows = db.execute(_BACKLOGS).fetchall()
        return [
            Backlog(name, int(pending), int(refused), int(size), oldest)
            for name, pending, refused, size, oldest in rows
        ]

    def records(self, *, quarantined: bool | None = None, limit: int = -1) -> list[SpoolRecord]:
        """The records, oldest first; only those that are quarantined, or that are not."""
        with self._file.snapshot() as db:
            rows = db.execute(_RECORDS, (quarantined, limit)).fetchall()
        return [replace(record, quarantined=bool(record.quarantined)) for record in (SpoolRecord(*row) for row in rows)]

    def content(self, record: int) -> tuple[bytes, bytes] | None:
        """A record's spans (an OTLP request) and its info or feedback (JSON); None when it is gone."""
        with self._file.snapshot() as db:
            row: tuple[bytes, bytes] | None = db.execute(_CONTENT, (record,)).fetchone()
        return row

    def used_bytes(self) -> int:
        """Bytes of the file in use."""
        with self._file.snapshot() as db:
            return used_bytes(db)

    def counts(self, destination: str) -> Counts:
        """The counters of a destination; all zero for one that is not known."""
        with self._file.snapshot() as db:
            row = db.execute(statements.DESTINATION_ID, (destination,)).fetchone()
            return counts_of(db, row[0]) if row else Counts()

    def process_statuses(self, destination: str) -> list[dict[str, Any]]:
        """The status, without counts, of every living process that delivers to a destination."""
        with self._file.snapshot() as db:
            rows = db.execute(_STATUSES, (destination,)).fetchall()
        return [json.loads(status) for owner, status in rows if not is_dead(self.folder, owner)]

    def requeue(self, destination: str, trace_ids: Sequence[str] = ()) -> int:
        """Let what a destination refused be tried again, of the traces named or of all; answer how many records."""
        with self._file.transaction() as db:
            chosen = _chosen(db, trace_ids, "quarantined = 1 AND destination = ?", (_id(db, destination),))
            db.executemany(_REQUEUE, chosen)
        return len(chosen)

    def move(self, source: str, target: str) -> int:
        """Give what waits for one destination to another, and let it be tried again; answer how many records."""
        with self._file.transaction() as db:
            source_id, target_id = _id(db, source), _id(db, target)
            requests = db.execute(_COUNTED_OF, (source_id,)).fetchone()[0]
            for destination, change in ((source_id, -requests), (target_id, requests)):
                db.executemany(statements.COUNT, [(destination, name, change) for name in ("requests", "traced")])
            return db.execute(_MOVE, (target_id, source_id)).rowcount

    def purge(self, trace_ids: Sequence[str] = (), *, quarantined_only: bool) -> int:
        """Delete records for good, counted as dropped, of the traces named or of all; answer how many records."""
        with self._file.transaction() as db:
            chosen = _chosen(db, trace_ids, "quarantined >= ?", (int(quarantined_only),))
            for (record,) in chosen:
                destination = db.execute("SELECT destination FROM record WHERE id = ?", (record,)).fetchone()[0]
                db.execute(statements.COUNT, (destination, "dropped", delete(db, [record])))
        return len(chosen)


def _id(db: sqlite3.Connection, destination: str) -> int:
    db.execute(statements.DESTINATION, (destination,))
    found: int = db.execute(statements.DESTINATION_ID, (destination,)).fetchone()[0]
    return found


def _chosen(
    db: sqlite3.Connection, trace_ids: Sequence[str], condition: str, parameters: tuple[object, ...]
) -> list[tuple[int]]:
    named = f"AND trace_id IN ({','.join('?' * len(trace_ids))})" if trace_ids else ""
    return db.execute(f"SELECT id FROM record WHERE {condition} {named}", (*parameters, *trace_ids)).fetchall()  # noqa: S608


_BACKLOGS = """
SELECT name, total(quarantined = 0), total(quarantined = 1), total(length(info) + length(spans)),
    min(CASE WHEN quarantined = 0 THEN spooled_at END)
FROM destination LEFT JOIN record ON record.destination = destination.id GROUP BY destination.id
"""
_RECORDS = """
SELECT record.id, trace_id, name, awaits, quarantined, reason, attempts, experiment, length(info) + length(spans),
    spooled_at
FROM record JOIN destination ON destination.id = record.destination
WHERE ifnull(quarantined = ?, 1) ORDER BY record.id LIMIT ?
"""
_CONTENT = "SELECT spans, info FROM record WHERE id = ?"
_STATUSES = """
SELECT owner, status FROM process JOIN destination ON destination.id = process.destination WHERE name = ?
"""
_REQUEUE = "UPDATE record SET quarantined = 0, owner = '' WHERE id = ?"
_COUNTED_OF = "SELECT count(*) FROM record WHERE destination = ? AND counted = 1"
_MOVE = "UPDATE record SET destination = ?, quarantined = 0, owner = '' WHERE destination = ?"
