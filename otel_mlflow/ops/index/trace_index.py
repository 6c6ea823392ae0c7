"""`TraceIndex`: the file that all processes of a host share, with what they know of a service's traces."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from otel_mlflow.errors import RetryableError
from otel_mlflow.ops.index.entry import TraceEntry
from otel_mlflow.ops.index.schema import BY_TIME, prepare

LOCK_TIMEOUT = 20.0
"""Seconds to wait for another process that writes: it does so for fractions of one."""

MAX_TRACES = 6_000_000
"""Beyond it the oldest go: half a gigabyte."""

Value = TypeVar("Value")
Row = tuple[object, ...]


class TraceIndex:
    """Traces by time. A file that is damaged is made anew: everything in it can be had from the backend again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.forget()
            self._prepare()

    @property
    def lock_path(self) -> Path:
        """The file whose lock is held by who feeds the index."""
        return self._path.with_suffix(".lock")

    def forget(self) -> None:
        """Remove the file."""
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").unlink()

    @contextmanager
    def connected(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection. Raises `RetryableError` where the file cannot be used, after removing one that is damaged."""
        try:
            with closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA synchronous = OFF")
                yield db
        except sqlite3.OperationalError as error:
            raise RetryableError(
                f"the index at {self._path} cannot be used: {error}", "look at disk and rights"
            ) from error
        except sqlite3.DatabaseError as error:
            self.forget()
            self._prepare()
            raise RetryableError(f"the index at {self._path} was damaged and is made anew: {error}") from error

    def replace(
        self, start_ms: int, end_ms: int, entries: Iterable[TraceEntry], step_ms: int, tallies: Mapping[int, str]
    ) -> None:
        """Let exactly these traces be those of a time, and remember what the backend's tallies of it were."""
        at_ms = time.time_ns() // 1_000_000
        with self._writing() as db:
            for table in BY_TIME:
                db.execute(f"DELETE FROM {table} WHERE time_ms >= ? AND time_ms < ?", (start_ms, end_ms))  # noqa: S608
            _insert(db, entries)
            db.execute("DELETE FROM scanned WHERE start_ms >= ? AND start_ms + step_ms <= ?", (start_ms, end_ms))
            db.executemany(
                "INSERT OR REPLACE INTO scanned VALUES (?, ?, ?, ?)",
                [(step_ms, start, tallies.get(start, ""), at_ms) for start in range(start_ms, end_ms, step_ms)],
            )

    def scanned(self, step_ms: int, start_ms: int, end_ms: int) -> dict[int, tuple[str, int]]:
        """When steps of a time were scanned last, and what the backend's tally was then."""
        with self.connected() as db:
            rows = db.execute(
                "SELECT start_ms, tally, at_ms FROM scanned WHERE step_ms = ? AND start_ms >= ? AND start_ms < ?",
                (step_ms, start_ms, end_ms),
            )
            return {row["start_ms"]: (row["tally"], row["at_ms"]) for row in rows}

    def scanned_finer(self, step_ms: int, start_ms: int, end_ms: int) -> set[int]:
        """The steps of a time that were scanned in shorter ones."""
        with self.connected() as db:
            asked = (
                "SELECT DISTINCT start_ms - start_ms % ? FROM scanned WHERE step_ms < ? AND start_ms BETWEEN ? AND ?"
            )
            rows = db.execute(asked, (step_ms, step_ms, start_ms, end_ms - 1))
            return {row[0] for row in rows}

    def unfinished(self, step_ms: int, start_ms: int, end_ms: int) -> set[int]:
        """The steps of a time in which a trace is that had not ended."""
        with self.connected() as db:
            rows = db.execute(
                "SELECT DISTINCT time_ms - time_ms % ? FROM trace WHERE is_unfinished AND time_ms >= ? AND time_ms < ?",
                (step_ms, start_ms, end_ms),
            )
            return {row[0] for row in rows}

    def count(self, start_ms: int, end_ms: int) -> int:
        """How many traces of a time there are."""
        with self.connected() as db:
            asked = "SELECT count(*) FROM trace WHERE time_ms >= ? AND time_ms < ?"
            return int(db.execute(asked, (start_ms, end_ms)).fetchone()[0])

    def prune(self, most: int = MAX_TRACES) -> None:
        """Let the oldest go where there are too many."""
        with self._writing() as db:
            row = db.execute("SELECT time_ms FROM trace ORDER BY time_ms DESC LIMIT 1 OFFSET ?", (most,)).fetchone()
            if row is not None:
                for table in BY_TIME:
                    db.execute(f"DELETE FROM {table} WHERE time_ms <= ?", (row[0],))  # noqa: S608
                db.execute("DELETE FROM scanned WHERE start_ms <= ?", (row[0],))

    def _prepare(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
            prepare(db)
        self._path.chmod(0o600)

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        with self.connected() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def _insert(db: sqlite3.Connection, entries: Iterable[TraceEntry]) -> None:
    entries = list(entries)
    words = Words(db, entries)
    _insert_rows(db, "trace", [_trace_row(entry, words) for entry in entries])
    _insert_rows(db, "model_use", [row for entry in entries for row in _model_rows(entry, words)])
    _insert_rows(db, "tool_use", [row for entry in entries for row in _tool_rows(entry, words)])
    _insert_rows(db, "assessment", [row for entry in entries for row in _assessment_rows(entry, words)])


def _insert_rows(db: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)  # noqa: S608


class Words:
    """The numbers of texts that repeat."""

    def __init__(self, db: sqlite3.Connection, entries: Iterable[TraceEntry]) -> None:
        texts = {text for entry in entries for text in _texts(entry) if text is not None}
        db.executemany("INSERT OR IGNORE INTO word (text) VALUES (?)", [(text,) for text in texts])
        self._numbers = {
            text: db.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()[0] for text in texts
        }

    def number(self, text: str | None) -> int | None:
        """The number of a text."""
        return None if text is None else self._numbers[text]


def _texts(entry: TraceEntry) -> Iterable[str | None]:
    yield from (entry.experiment_id, entry.route, entry.service, entry.version, entry.user, entry.session)
    if entry.summary is not None:
        yield entry.summary.error_type
        yield from entry.summary.tools
    yield from entry.models
    yield from (given.name for given in entry.assessments)


def _trace_row(entry: TraceEntry, words: Words) -> Row:
    summary, usage = entry.summary, entry.tokens
    return (
        entry.time_ms,
        entry.trace_id,
        words.number(entry.experiment_id),
        entry.duration_ms,
        words.number(entry.route),
        entry.outcome,
        entry.is_unfinished,
        summary is None and not entry.is_unfinished,
        entry.status_code,
        *(words.number(text) for text in (entry.service, entry.version, entry.user, entry.session)),
        entry.request_id,
        *(usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")),
        entry.cost,
        words.number(summary.error_type) if summary is not None else None,
        summary.time_to_first_byte_ms if summary is not None else None,
    )


def _model_rows(entry: TraceEntry, words: Words) -> Iterable[Row]:
    for name, use in entry.models.items():
        yield (entry.time_ms, entry.trace_id, words.number(name), *vars(use).values())


def _tool_rows(entry: TraceEntry, words: Words) -> Iterable[Row]:
    for name, use in (entry.summary.tools if entry.summary is not None else {}).items():
        yield (entry.time_ms, entry.trace_id, words.number(name), use.calls, use.failures)


def _assessment_rows(entry: TraceEntry, words: Words) -> Iterable[Row]:
    for given in entry.assessments:
        yield (entry.time_ms, entry.trace_id, words.number(given.name), given.value, given.number, given.is_text)
