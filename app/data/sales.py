"""The sales table: sales.csv in SQLite, read-only, one connection a question."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache

from app.data.generate import COLUMNS, SALES_CSV


@dataclass(frozen=True)
class Rows:
    """What a statement answered: the column names and the rows below them."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def as_csv(self) -> str:
        """Header and rows as CSV, lines ended by a newline."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()


def run(sql: str, parameters: Sequence[str] = ()) -> Rows:
    """Answer one SELECT. Raises `sqlite3.Error`, in SQLite's words, when the statement is wrong."""
    with _connection() as connection:
        cursor = connection.execute(sql, parameters)
        return Rows(tuple(column[0] for column in cursor.description), cursor.fetchall())


@contextmanager
def _connection() -> Iterator[sqlite3.Connection]:
    # A few hundred rows load in about a millisecond, and no question can see or harm another's table.
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE sales (month TEXT, region TEXT, product TEXT,"
            " units INTEGER, revenue REAL, cost REAL, returned INTEGER)"
        )
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?, ?)", _bundled())
        connection.commit()
        connection.execute("PRAGMA query_only = ON")
        yield connection


@cache
def _bundled() -> list[tuple[str, ...]]:
    with SALES_CSV.open(encoding="utf-8", newline="") as file:
        return [tuple(row[name] for name in COLUMNS) for row in csv.DictReader(file)]
