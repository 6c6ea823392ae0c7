"""The index's tables: the traces of an hour as columns of numbers, with every text that repeats kept once.

One row of `block` is one column of one hour, as numpy writes it, or one of what the hour comes down to
(`rollups.py`). A question reads the columns that it needs, whole, and counts with numpy: exact for any filter, in a
twentieth of the time of SQL over one row for each trace (0.11 s of processor time for 200,000 traces, where it was
2.6). SQLite keeps the columns, because every process of a host can read it while another writes, and a crash leaves
whole transactions.

DuckDB over hourly Parquet files was measured on such traces in the same hour: 0.5 s for 200,000 of a day, 8.6 s for 5.6
million of 28 days (numpy: 0.6 s), in up to 1.8 GB of memory, and 69 MB to install.
"""

from __future__ import annotations

import secrets
import sqlite3

VERSION = 8
"""An index of another version is made anew."""

PAGE_SIZE = 32_768
"""Bytes: columns are read from it in two thirds of the time that SQLite's 4 kB take."""

TABLES = """
CREATE TABLE IF NOT EXISTS word (kind TEXT, id INTEGER, text TEXT, PRIMARY KEY (kind, id), UNIQUE (kind, text));
CREATE TABLE IF NOT EXISTS block (
    start_ms INTEGER, name TEXT, kind TEXT, length INTEGER, data BLOB, UNIQUE (start_ms, name)
);
CREATE TABLE IF NOT EXISTS scanned (
    step_ms INTEGER, start_ms INTEGER, tally TEXT, at_ms INTEGER, PRIMARY KEY (step_ms, start_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrival (trace_id TEXT UNIQUE, info TEXT);
"""


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, anew where they are of another version."""
    # A file that is there keeps its own.
    db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    db.execute("PRAGMA journal_mode = WAL")
    # A crash of the machine may cost the index, which is then fed anew; a crash of the process costs nothing.
    db.execute("PRAGMA synchronous = OFF")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            db.execute(f"DROP TABLE {name}")
    if version != VERSION or not identity_of(db):
        db.execute(f"PRAGMA application_id = {secrets.randbelow(2**31 - 1) + 1}")
    db.executescript(TABLES)
    db.execute(f"PRAGMA user_version = {VERSION}")


def identity_of(db: sqlite3.Connection) -> int:
    """A number that the index was given when it was made; 0 where it is gone, and SQLite has made an empty file."""
    return int(db.execute("PRAGMA application_id").fetchone()[0])
