"""The index's tables: narrow rows in the order of time, with every text that repeats kept once.

SQLite, because every process of a host can write and read it at once, it needs no other dependency, and changing one
trace is one statement. (DuckDB over hourly Parquet files counts about twice as fast, but one trace that changes is one
file written anew, and it would be 20 MB more for everybody who mounts the dashboard.)
"""

from __future__ import annotations

import sqlite3

VERSION = 1
"""An index of another version is made anew."""

TABLES = """
CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS trace (
    time_ms INTEGER, trace_id TEXT, experiment INTEGER, duration_ms INTEGER, route INTEGER, outcome INTEGER,
    is_unfinished INTEGER, is_unread INTEGER, status_code INTEGER, service INTEGER, version INTEGER, user INTEGER,
    session INTEGER, request_id TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cost REAL,
    error_type INTEGER, ttfb_ms REAL, PRIMARY KEY (time_ms, trace_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS model_use (
    time_ms INTEGER, trace_id TEXT, model INTEGER, calls INTEGER, input_tokens INTEGER, output_tokens INTEGER,
    total_tokens INTEGER, cost REAL, PRIMARY KEY (time_ms, trace_id, model)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tool_use (
    time_ms INTEGER, trace_id TEXT, tool INTEGER, calls INTEGER, failures INTEGER, PRIMARY KEY (time_ms, trace_id, tool)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assessment (
    time_ms INTEGER, trace_id TEXT, name INTEGER, value TEXT, number REAL, is_text INTEGER
);
CREATE INDEX IF NOT EXISTS assessment_by_time ON assessment (time_ms);
CREATE TABLE IF NOT EXISTS scanned (
    step_ms INTEGER, start_ms INTEGER, tally TEXT, at_ms INTEGER, PRIMARY KEY (step_ms, start_ms)
) WITHOUT ROWID;
"""

BY_TIME = ("trace", "model_use", "tool_use", "assessment")


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, anew where they are of another version."""
    db.execute("PRAGMA journal_mode = WAL")
    # A crash of the machine may cost the index, which is then fed anew; a crash of the process costs nothing.
    db.execute("PRAGMA synchronous = OFF")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        for name in (*BY_TIME, "word", "scanned"):
            db.execute(f"DROP TABLE IF EXISTS {name}")
    db.executescript(TABLES)
    db.execute(f"PRAGMA user_version = {VERSION}")
