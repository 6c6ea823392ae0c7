"""The spool's tables, and how a connection to them is made."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from otel_mlflow.delivery.private_folder import open_private

LOCK_TIMEOUT = 5.0
"""Seconds to wait for another process's transaction. Ours take milliseconds; longer means that one hangs."""

PAGES_BETWEEN_CHECKPOINTS = 1000
"""SQLite's own default: about 4 MB in the write-ahead log."""

FORMAT = 1
"""The number of the format that is described here, in each file as its `user_version`; 0 in a file without tables.

A later format reads the earlier ones: `tests/fixtures/` holds a file of each that was released. A file of an unknown
format is left as it is (`UnknownFormatError`), and what is new waits in memory meanwhile.
"""

COMPANIONS = ("", "-wal", "-shm")
"""A SQLite database, its write-ahead log, and the index of that: they belong together."""

TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS destination (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL,
    owner TEXT NOT NULL,
    awaits TEXT NOT NULL,
    quarantined INTEGER NOT NULL DEFAULT 0,
    counted INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    spooled_at REAL NOT NULL,
    trace_id TEXT NOT NULL,
    experiment TEXT,
    reason TEXT,
    checksum INTEGER NOT NULL,
    info BLOB NOT NULL,
    spans BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS record_by_owner ON record (owner, destination, awaits);
CREATE INDEX IF NOT EXISTS record_by_experiment ON record (owner, destination, awaits, experiment);
CREATE INDEX IF NOT EXISTS record_by_state ON record (destination, quarantined, counted);
CREATE INDEX IF NOT EXISTS record_by_trace ON record (trace_id);
CREATE TABLE IF NOT EXISTS counter (
    destination INTEGER NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (destination, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS process (
    owner TEXT PRIMARY KEY,
    destination INTEGER NOT NULL,
    status TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = {FORMAT};
COMMIT;
"""


class UnknownFormatError(sqlite3.OperationalError):
    """The file was made by a newer otel-mlflow."""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the spool file, made if it is missing; None for one in memory.

    The threads of a process share the connection under a lock of their own. Raises `sqlite3.Error` or `OSError`.
    """
    if path is None:
        return _prepared(_connection(":memory:"))
    for part in (path.with_name(path.name + companion) for companion in COMPANIONS):
        if part == path or os.path.lexists(part):
            os.close(open_private(part))
    return _prepared(_connection(str(path)))


def format_of(connection: sqlite3.Connection) -> int:
    """The format of the file. Raises `UnknownFormatError` where only a newer otel-mlflow knows it."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        raise UnknownFormatError(
            f"it was made by a newer otel-mlflow, in format {found}; this one knows formats up to {FORMAT}"
        )
    return found


def _connection(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        found = format_of(connection)
        # Must come before the first table is made: what was delivered gives its disk space back.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode this survives a killed process without waiting for the disk at each commit.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
        connection.execute(f"PRAGMA journal_size_limit = {PAGES_BETWEEN_CHECKPOINTS * 4096}")
        if found < FORMAT:
            connection.executescript(TABLES)
    except BaseException:
        connection.close()
        raise
    return connection
