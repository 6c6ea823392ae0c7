"""The file of a local SQLite store, made whole or not at all, and by one process of several.

MLflow makes the tables of a new store in some forty migrations, which take seconds. They are neither locked nor one
transaction: two workers that start at once, or a process that ends meanwhile, leave a file that no MLflow opens again.
So the tables are made in `<file>.new`, under a lock, and the finished file gets its name in one step. An MLflow server
that is making the same file, in a terminal beside, is waited for.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from otel_mlflow.delivery.locks import lock_alone, unlock

_NEW = ".new"
_QUIET = 3.0
"""Seconds without a change after which nobody is making a file any more."""
_LONGEST_WAIT = 60.0
_BETWEEN_READS = 0.1


def make_store_file(uri: str, make_tables: Callable[[str], None]) -> None:
    """Make the database file of a SQLite store where there is none yet; leave any other store alone.

    `make_tables` is given the URI of an empty database. Raises `OSError` where the file cannot be made.
    """
    path = _database_file(uri)
    if path is None or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + _NEW)
    with _locked(new):
        # Whoever held the lock before may have made it.
        if not path.exists():
            new.write_bytes(b"")
            _journal_of(new).unlink(missing_ok=True)
            make_tables(_at(uri, new))
            _name(new, path)
        new.unlink(missing_ok=True)


def await_tables(uri: str, expected: Set[str]) -> None:
    """Wait while another program makes the tables of a SQLite store: some are missing, and its file changes."""
    path = _database_file(uri)
    deadline = time.monotonic() + _LONGEST_WAIT
    while path is not None and path.exists() and time.monotonic() < deadline:
        if time.time() - path.stat().st_mtime > _QUIET or expected <= _tables_of(path):
            return
        time.sleep(_BETWEEN_READS)


def _tables_of(path: Path) -> Set[str]:
    """The names of its tables; none where it is locked, or no database: MLflow says that better."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return set()


def _database_file(uri: str) -> Path | None:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(uri)
    except ArgumentError:
        return None
    is_file = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:"))
    return Path(str(url.database)) if is_file and sys.platform != "win32" else None


def _at(uri: str, path: Path) -> str:
    from sqlalchemy.engine import make_url

    return make_url(uri).set(database=str(path)).render_as_string(hide_password=False)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file that whoever held it before may have removed.

    A child that was forked meanwhile has the file open, too: to close it here would leave the lock with the child.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            lock_alone(descriptor)
            try:
                if _is_at(descriptor, path):
                    yield
                    return
            finally:
                unlock(descriptor)
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _name(new: Path, path: Path) -> None:
    """Give the finished file its name, unless another program has made one meanwhile."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:
        # Not every file system has hard links.
        if not path.exists():
            new.rename(path)


def _journal_of(database: Path) -> Path:
    """Where SQLite keeps what a process that died left undone, which would be done to the new file."""
    return database.with_name(f"{database.name}-journal")
