"""The spool's tables, and how a connection to them is made."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

IN_MEMORY = ":memory:"
LOCK_TIMEOUT = 5.0
"""Seconds to wait for another process's transaction. Ours take milliseconds; longer means that one hangs."""

PAGES_BETWEEN_CHECKPOINTS = 1000
"""SQLite's own default: about 4 MB in the write-ahead log."""

TABLES = """
CREATE TABLE destination (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE record (
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
    size INTEGER NOT NULL,
    info BLOB NOT NULL,
    spans BLOB NOT NULL
);
CREATE INDEX record_by_owner ON record (owner, awaits, destination);
CREATE INDEX record_by_state ON record (destination, quarantined, counted);
CREATE INDEX record_by_trace ON record (trace_id);
CREATE TABLE counter (
    destination INTEGER NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (destination, name)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the spool file, made if it is missing; None for one in memory.

    The threads of a process share the connection under a lock of their own.
    """
    if path is not None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path or IN_MEMORY, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # Must come before the first table is made: what was delivered gives its disk space back.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode this survives a killed process without waiting for the disk at each commit.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
    if _version(connection) == 0:
        _make_tables(connection)


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection) == 0:
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
