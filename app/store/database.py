"""The SQLite file: how it is opened, and what a transaction is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event, inspect
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateColumn

from app.store.tables import Base

# How long a writer waits for another worker's transaction; ours take milliseconds.
_BUSY_SECONDS = 30


class StoreError(Exception):
    """The store cannot be opened; the message says where it was to be, and what to set instead."""


class Database:
    """Transactions on one file, from any thread and any process. Raises `StoreError` where there can be none."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"No database can be at {path}: {error}. Set SLIDES_DATABASE to another file.") from error
        # A connection for each transaction: opening one takes 0.1 ms, and no fork can come between two uses of it.
        engine = create_engine(
            URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS}
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        self._reading = engine
        self._writing = engine.execution_options(writes=True)
        with self._writing.begin() as connection:
            Base.metadata.create_all(connection)
            _add_new_columns(connection)

    @contextmanager
    def reading(self) -> Generator[Session, None, None]:
        """A transaction that sees one state of the whole file and waits for nobody."""
        with Session(self._reading, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Generator[Session, None, None]:
        """A transaction alone: what it reads stays true until it is over."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session


def _add_new_columns(connection: Connection) -> None:
    """Bring a file of an earlier version up to date: columns have only ever been added."""
    inspector = inspect(connection)
    for table in Base.metadata.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                described = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {described}")


def _prepare(connection: Any, record: object) -> None:
    # SQLAlchemy's events begin transactions here, not Python's sqlite3, which would begin them too late.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
