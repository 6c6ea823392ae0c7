"""How long the dashboard's figures take: `python -m benchmarks.ops [--traces N] [--days N] [--folder FOLDER]`.

Two indexes. The first is fed from MLflow's tables, filled with a few thousand requests of every kind that are copied in
SQL, all of them within 24 hours: how fast it is fed, how large it gets. The second holds `--days` days of so many
traces each, simulated by copying the hours of the first: how long a question takes with a history.

Takes a minute or two as it is; `--traces 200000`, and `--traces 1000000 --days 1`, take longer to fill than to ask.

Asked in this process, as the page does. New: another window, the index is up to date. Same: asked again.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from otel_mlflow import Settings
from otel_mlflow.ops.answers import Answers
from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.blocks import count_traces
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources import index_path, source_for
from tests.ops.tables import Tables
from tests.ops.variety import DAY, END, FIRST, HOUR, MAIN, variety

SEEDED = 2000
TABLES = ("trace_info", "trace_tags", "trace_request_metadata", "spans", "assessments")
PATIENCE = 3600.0
"""Seconds to wait for the first index."""

LAST = END - END % DAY
"""The end of the last whole day: hours that are copied by the day keep their place in it."""


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser()
    options.add_argument("--traces", type=int, default=20_000)
    options.add_argument("--days", type=int, default=28)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if not (folder / "mlflow.db").exists():
            fill(folder, given.traces)
        path = feed_and_ask(folder, Path(temporary))
        ask_with_history(path, given.days)


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


def feed_and_ask(folder: Path, state: Path) -> Path:
    """Feed the index from the store, then ask; where the index is."""
    settings = Settings(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        experiment_name=FIRST,
        service_name=MAIN,
        delivery={"spool_dir": state / "spool"},
    )
    memory = _memory()
    source = source_for(settings, patience=PATIENCE)
    answers = Answers(lambda: source)
    took = _timed(lambda: answers.to(Question(LAST - DAY, LAST)))
    path = index_path(settings)
    with sqlite3.connect(path) as db:
        traces = count_traces(db, LAST - DAY, LAST)
    size = path.stat().st_size / 2**20
    print(f"{traces} traces: fed in {took}, {size:.1f} MB, {_memory() - memory:.0f} MB more memory at most")
    question = Question(LAST - DAY, LAST - 1)
    print(f"24 h, new, backend compared: {_timed(lambda: answers.to(question))}")
    print(f"24 h, same: {_timed(lambda: answers.to(question))}")
    return path


def ask_with_history(path: Path, days: int) -> None:
    """Count in an index of many days."""
    index = TraceIndex(path)
    print(f"24 h, counted, no history: {_counted(index, Question(LAST - DAY, LAST))}")
    with sqlite3.connect(path) as db:
        for day in range(1, days):
            db.execute(
                "INSERT INTO block SELECT start_ms - ?, name, kind, length, data FROM block WHERE start_ms >= ?",
                (day * DAY, LAST - DAY),
            )
        traces = count_traces(db, LAST - days * DAY, LAST)
    print(f"{traces} traces of {days} days: {path.stat().st_size / 2**20:.0f} MB")
    memory = _memory()
    for name, length in (("1 h", HOUR), ("24 h", DAY), (f"{days} d", days * DAY)):
        print(f"{name}, counted, with history: {_counted(index, Question(LAST - length, LAST))}")
    print(f"waits of an event loop beside it: {_waits_beside(index, Question(LAST - days * DAY, LAST))}")
    route = Question(LAST - days * DAY, LAST, route="GET /tenant-0")
    print(f"{days} d of one route: {_counted(index, route)}")
    print(f"{_memory() - memory:.0f} MB more memory at most")


def _waits_beside(index: TraceIndex, question: Question) -> str:
    """How late an event loop is, that has something to do every millisecond, without and with somebody counting."""
    alone = asyncio.run(_lateness(asyncio.sleep(1)))
    beside = asyncio.run(_lateness(asyncio.to_thread(_counted, index, question)))
    return f"p99 {alone:.1f} ms alone, {beside:.1f} ms beside"


async def _lateness(other: Awaitable[object]) -> float:
    task = asyncio.ensure_future(other)
    found: list[float] = []
    while not task.done():
        began = time.monotonic()
        await asyncio.sleep(0.001)
        found.append((time.monotonic() - began) * 1000 - 1)
    return sorted(found)[int(0.99 * len(found))]


def _counted(index: TraceIndex, question: Question) -> str:
    with index.reading() as db:
        return _timed(lambda: count(db, question))


def _timed(work: Callable[[], object]) -> str:
    wall, processor = time.monotonic(), time.process_time()
    work()
    return f"{time.monotonic() - wall:.3f} s ({time.process_time() - processor:.3f} s of processor time)"


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
