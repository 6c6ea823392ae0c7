"""The file under the spool: one connection for all threads of a process, used in transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from otel_mlflow.delivery import schema
from otel_mlflow.delivery.locks import FileLock


class FileReplacedError(OSError):
    """Another process has put a new file in this one's place, or somebody has deleted it."""


class SpoolFile:
    """An open spool file; `path` None for a database in memory.

    Raises `sqlite3.Error` or `OSError` where the file cannot be used, `FileReplacedError` where it is no longer there.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._closed = False
        self._lock = threading.RLock()
        self._gate = FileLock(gate_path(path)) if path is not None else None
        try:
            self._open()
        except BaseException:
            self._close_gate()
            raise

    def __del__(self) -> None:
        """Close what its last user forgot to: from Python 3.13 on `sqlite3` complains about it."""
        with contextlib.suppress(AttributeError):  # it could not be opened
            self._connection.close()

    @property
    def in_memory(self) -> bool:
        """Whether it ends with the process."""
        return self._path is None

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Change something: all of it, or nothing if the block raises."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def snapshot(self) -> Generator[sqlite3.Connection, None, None]:
        """Read everything as of one moment."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    @contextmanager
    def alone(self) -> Generator[sqlite3.Connection, None, None]:
        """Use the connection outside any transaction."""
        with self._connected() as connection:
            yield connection

    def close(self) -> None:
        """Close the file; nothing else may be called after it."""
        with self._lock:
            self._closed = True
            self._connection.close()
            self._close_gate()

    def before_fork(self) -> None:
        """Let no SQLite connection reach the child: its author forbids that. Keeps other threads out."""
        self._lock.acquire()
        if self._path is not None:
            self._connection.close()

    def after_fork_in_parent(self) -> None:
        """Open the file again, and let the other threads in."""
        try:
            if self._path is not None:
                self._open()
        finally:
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Let go of what is the parent's."""
        self._close_gate()

    @contextmanager
    def _connected(self) -> Generator[sqlite3.Connection, None, None]:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("the spool is closed")
            with self._gated():
                self._check_place()
                yield self._connection

    def _gated(self) -> AbstractContextManager[None]:
        return self._gate.shared() if self._gate is not None else contextlib.nullcontext()

    def _open(self) -> None:
        if self._path is None or self._gate is None:
            self._connection = schema.connect(None)
            return
        # Alone: SQLite does not wait for others when it changes a new file to write-ahead logging.
        with self._gate.alone():
            self._connection = schema.connect(self._path)
            self.inode = self._path.stat().st_ino

    def _check_place(self) -> None:
        if self._path is None:
            return
        try:
            in_place = os.stat(self._path).st_ino == self.inode  # noqa: PTH116, at each transaction: half the price
        except FileNotFoundError:
            in_place = False
        if not in_place:
            raise FileReplacedError(f"{self._path} was replaced")

    def _close_gate(self) -> None:
        if self._gate is not None:
            self._gate.close()


def gate_path(path: Path) -> Path:
    """The lock that keeps everybody out while a spool file is made, set aside or carried over."""
    return path.with_suffix(".gate")


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the file that are in use; what is deleted does not count."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        # Where the disk is full or the file corrupt, SQLite has rolled back already, or cannot.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
