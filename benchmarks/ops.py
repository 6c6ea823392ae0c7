"""How long the dashboard's figures take: `python -m benchmarks.ops [--traces N] [--a-day N] [--fed N] [--days N]`.

| index | fed from | shows |
| --- | --- | --- |
| of `--traces` requests | MLflow's tables in SQLite, filled with copies | how fast a backend is read |
| of `--fed` requests, `--a-day` of them | simulated infos | how fast it is fed, its size, memory |
| of `--days` such days | the second, copied | how long a question takes with a history, beside a traced route |

Takes some minutes. Asked in this process, as the page does, but for the last rows.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.ops_beside import p99_of_a_route, served
from benchmarks.simulated_infos import LAST, SEEDED, SimulatedFeed
from otel_mlflow import Settings
from otel_mlflow.ops.answers import Answers
from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.blocks import count_traces
from otel_mlflow.ops.index.synchronizer import Synchronizer
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources import index_path, source_for
from tests.ops.tables import Tables
from tests.ops.variety import DAY, FIRST, HOUR, MAIN, variety

TABLES = ("trace_info", "trace_tags", "trace_request_metadata", "spans", "assessments")
PATIENCE = 3600.0
"""Seconds to wait for the first index."""

Measured = Iterator[tuple[str, str]]


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser()
    options.add_argument("--traces", type=int, default=20_000)
    options.add_argument("--a-day", type=int, default=200_000)
    options.add_argument("--fed", type=int, default=1_000_000)
    options.add_argument("--days", type=int, default=28)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = Settings(
            tracking_uri=f"sqlite:///{folder}/mlflow.db",
            experiment_name=FIRST,
            service_name=MAIN,
            delivery={"spool_dir": folder / "spool"},
        )
        fill(folder, given.traces)
        show(read_from_backend(settings))
        path = index_path(settings)
        path.unlink()
        index = TraceIndex(path)
        show(feed_simulated(index, path, given.a_day, given.fed))
        show(ask_with_history(index, path, given.days))
        show(ask_beside_a_route(folder, given.days))


def show(measured: Measured) -> None:
    """Print rows of a table as they come."""
    for name, value in measured:
        print(f"| {name} | {value} |", flush=True)


def fill(folder: Path, traces: int) -> None:
    """Make the store."""
    requests = variety(SEEDED, routes=200, texts=200)
    Tables(f"sqlite:///{folder}/mlflow.db", str(folder)).add(requests)
    copies = traces // SEEDED - 1
    day = {"start": LAST - DAY, "day": DAY}
    with sqlite3.connect(folder / "mlflow.db") as db:
        for table, column in (("trace_info", "timestamp_ms"), ("assessments", "trace_timestamp_ms")):
            db.execute(f"UPDATE {table} SET {column} = :start + {column} % :day", day)  # noqa: S608
        for copy in range(1, copies + 1):
            for table in TABLES:
                db.execute(_copied(db, table), {"copy": f"{copy:x}", "shift": copy * 977, **day})


def _copied(db: sqlite3.Connection, table: str) -> str:
    """Copy the seeded rows under ids of their own, at other times of the day."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    renamed = {
        "request_id": "replace(request_id, 'tr-0', 'tr-' || :copy || '-')",
        "trace_id": "replace(trace_id, 'tr-0', 'tr-' || :copy || '-')",
        "assessment_id": "assessment_id || :copy",
        "timestamp_ms": ":start + (timestamp_ms + :shift) % :day",
        "trace_timestamp_ms": ":start + (trace_timestamp_ms + :shift) % :day",
    }
    key = "request_id" if "request_id" in columns else "trace_id"
    values = ", ".join(renamed.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {key} LIKE 'tr-0%'"  # noqa: S608


def read_from_backend(settings: Settings) -> Measured:
    """Feed an index from the tables."""
    answers = Answers(lambda: source_for(settings, patience=PATIENCE))
    asked = Question(LAST - DAY, LAST)
    took = _timed(lambda: answers.to(asked))
    with sqlite3.connect(index_path(settings)) as db:
        yield f"{count_traces(db, LAST - DAY, LAST):,} traces read from SQLite", took
    yield (
        "the same for another window, compared with the backend",
        _timed(lambda: answers.to(replace(asked, end_ms=LAST - 1))),
    )
    yield "the same for a second viewer", _timed(lambda: answers.to(asked))


def feed_simulated(index: TraceIndex, path: Path, a_day: int, fed: int) -> Measured:
    """Feed an index from simulated infos."""
    length = fed * DAY // a_day
    synchronizer = Synchronizer(index, SimulatedFeed(a_day))
    took = _timed(lambda: synchronizer.synchronize(LAST - length, LAST, threading.Event()))
    yield f"{index.count(LAST - length, LAST):,} simulated infos fed", took
    yield "memory of this process at most", _memory()
    yield "size of that index", _size(path)
    yield "24 h counted, no longer history", _counted(index, Question(LAST - DAY, LAST))


def ask_with_history(index: TraceIndex, path: Path, days: int) -> Measured:
    """Count in an index of many days."""
    with sqlite3.connect(path) as db:
        first = db.execute("SELECT min(start_ms) FROM block").fetchone()[0]
        for day in range(-(-(LAST - first) // DAY), days):
            copied = "INSERT INTO block SELECT start_ms - ?, name, kind, length, data FROM block WHERE start_ms >= ?"
            db.execute(copied, (day * DAY, LAST - DAY))
        # What was never scanned is left alone by a backend that has nothing of that time.
        db.execute("DELETE FROM scanned")
    month = Question(LAST - days * DAY, LAST)
    yield f"{index.count(month.start_ms, LAST):,} traces of {days} days", _size(path)
    for name, length in (("1 h", HOUR), ("24 h", DAY), (f"{days} d", days * DAY)):
        yield f"{name} counted", _counted(index, replace(month, start_ms=LAST - length))
    yield f"{days} d of one route", _counted(index, replace(month, route="GET /tenant-0"))
    for seconds, what in (
        (1.0, "a band begins there"),
        (1.3, "which divides a band"),
        (7.0, "which divides the fullest"),
    ):
        yield f"{days} d slower than {seconds} s, {what}", _counted(index, replace(month, slower_than=seconds))
    yield "memory of this process at most", _memory()


def ask_beside_a_route(folder: Path, days: int) -> Measured:
    """Ask an application for a route, and its dashboard beside it."""
    with sqlite3.connect(folder / "mlflow.db") as db:
        for table in TABLES:
            # Else its traces would be read in place of the simulated ones.
            db.execute(f"DELETE FROM {table}")  # noqa: S608
    app = served(folder)
    try:
        p99_of_a_route(app)
        yield "a traced route alone", p99_of_a_route(app)
        yield "beside a page of 24 h", p99_of_a_route(app, DAY)
        yield f"beside a page of {days} d", p99_of_a_route(app, days * DAY)
    finally:
        app.terminate()


def _counted(index: TraceIndex, question: Question) -> str:
    def counted() -> None:
        with index.reading() as db:
            count(db, question)

    counted()
    return _timed(counted)


def _timed(work: Callable[[], object]) -> str:
    wall, processor = time.monotonic(), time.process_time()
    work()
    return f"{time.monotonic() - wall:.3f} s ({time.process_time() - processor:.3f} s of processor time)"


def _memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def _size(path: Path) -> str:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return f"{path.stat().st_size / 2**20:.0f} MB"


if __name__ == "__main__":
    main()
