"""`TraceIndex`: the file that all processes of a host share, with what they know of a service's traces."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from otel_mlflow.errors import RetryableError
from otel_mlflow.ops.index.arrivals import Info, add_arrivals, has_arrivals, take_arrivals
from otel_mlflow.ops.index.blocks import (
    add_traces,
    count_traces,
    first_kept,
    mean_durations,
    replace_traces,
    times_of_unfinished,
)
from otel_mlflow.ops.index.entry import TraceEntry
from otel_mlflow.ops.index.schema import identity_of, prepare
from otel_mlflow.ops.question import HOUR, MINUTE

LOCK_TIMEOUT = 20.0
"""Seconds to wait for another process that writes: it does so for fractions of one."""

MAX_TRACES = 6_000_000
"""Beyond it the oldest go: 0.6 GB."""


class TraceIndex:
    """Traces by time. A file that is damaged is made anew: everything in it can be had from the backend again."""

    def __init__(self, path: Path) -> None:
        self._path = path
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
            self._make_if_lost()
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
            raise RetryableError(
                f"the index at {self._path} was damaged and is made anew: {error}", "ask again in a moment"
            ) from error

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection to which the index stays as it is, whoever writes meanwhile."""
        with self.connected() as db:
            db.execute("BEGIN")
            yield db

    def replace(
        self, start_ms: int, end_ms: int, entries: Iterable[TraceEntry], step_ms: int, tallies: Mapping[int, str]
    ) -> None:
        """Let exactly these traces be those of a time, and remember what the backend's tallies of it were."""
        at_ms = time.time_ns() // 1_000_000
        with self._writing() as db:
            replace_traces(db, start_ms, end_ms, entries)
            db.execute("DELETE FROM scanned WHERE start_ms >= ? AND start_ms + step_ms <= ?", (start_ms, end_ms))
            db.executemany(
                "INSERT OR REPLACE INTO scanned VALUES (?, ?, ?, ?)",
                [(step_ms, start, tallies.get(start, ""), at_ms) for start in range(start_ms, end_ms, step_ms)],
            )

    def add_arrivals(self, infos: Iterable[Info]) -> None:
        """Keep what this host has delivered until somebody asks for figures."""
        with self._writing() as db:
            add_arrivals(db, infos)

    def count_arrivals_in(self) -> bool:
        """Add what was delivered to the traces; whether there was anything. Its time counts as not read."""
        with self.connected() as db:
            if not has_arrivals(db):
                return False
        with self._writing() as db:
            entries = take_arrivals(db)
            add_traces(db, entries)
            forgotten = "DELETE FROM scanned WHERE step_ms = ? AND start_ms = ?"
            for step_ms in (MINUTE, HOUR):
                steps = {entry.time_ms - entry.time_ms % step_ms for entry in entries}
                db.executemany(forgotten, [(step_ms, step) for step in steps])
        return True

    def mean_durations(self, step_ms: int, steps: Iterable[int]) -> dict[int, tuple[int, float]]:
        """Of those steps all of whose traces were delivered here: how many there are, and their mean duration."""
        with self.connected() as db:
            return mean_durations(db, step_ms, steps)

    def confirm(self, step_ms: int, tallies: Mapping[int, str], at_ms: int) -> None:
        """Remember that steps are as the backend has them; `at_ms` is when they count as read."""
        with self._writing() as db:
            rows = [(step_ms, start, tally, at_ms) for start, tally in tallies.items()]
            db.executemany("INSERT OR REPLACE INTO scanned VALUES (?, ?, ?, ?)", rows)

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
            return {time_ms - time_ms % step_ms for time_ms in times_of_unfinished(db, start_ms, end_ms)}

    def count(self, start_ms: int, end_ms: int) -> int:
        """How many traces of a time there are."""
        with self.connected() as db:
            return count_traces(db, start_ms, end_ms)

    def prune(self, most: int = MAX_TRACES) -> None:
        """Let the oldest hours go where there are too many traces."""
        with self._writing() as db:
            kept = first_kept(db, most)
            if kept is not None:
                db.execute("DELETE FROM block WHERE start_ms < ?", (kept,))
                db.execute("DELETE FROM scanned WHERE start_ms < ?", (kept,))

    def identity(self) -> int:
        """Another number for each time that the index was made anew, by whatever process."""
        with self.connected() as db:
            return identity_of(db)

    def _make_if_lost(self) -> None:
        if not self._path.exists() or not self._path.stat().st_size:
            self._prepare()

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
            prepare(db)
        self._path.chmod(0o600)

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        with self.connected() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
