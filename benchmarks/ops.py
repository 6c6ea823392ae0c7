"""How long the dashboard takes over a large store: `python -m benchmarks.ops [--traces N] [--folder FOLDER]`.

MLflow's tables are filled with a few thousand requests of every kind, which are then copied in SQL, all of them within
24 hours. Asked over HTTP, as the page does. First: the index is empty. New: another window, the index is up to date.
Same: asked again. Beside it: how many of the first window's seconds another viewer waits who asks at the same time.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
from pathlib import Path

from starlette.testclient import TestClient

from otel_mlflow import Settings, Tracing, ops
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources import index_path, source_for
from tests.ops.expected import iso
from tests.ops.tables import Tables
from tests.ops.variety import DAY, END, FIRST, HOUR, MAIN, variety

SEEDED = 2000
TABLES = ("trace_info", "trace_tags", "trace_request_metadata", "spans", "assessments")
LONGEST = 1800.0
"""Seconds to wait for the first index."""


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser()
    options.add_argument("--traces", type=int, default=200_000)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if not (folder / "mlflow.db").exists():
            fill(folder, given.traces)
        measure(folder, Path(temporary))


def fill(folder: Path, traces: int) -> None:
    """Make the store."""
    requests = variety(SEEDED, routes=200, texts=200)
    Tables(f"sqlite:///{folder}/mlflow.db", str(folder)).add(requests)
    copies = traces // SEEDED - 1
    with sqlite3.connect(folder / "mlflow.db") as db:
        for table, column in (("trace_info", "timestamp_ms"), ("assessments", "trace_timestamp_ms")):
            moved = f"UPDATE {table} SET {column} = :start + {column} % :day"  # noqa: S608
            db.execute(moved, {"start": END - DAY, "day": DAY})
        for copy in range(1, copies + 1):
            for table in TABLES:
                db.execute(
                    _copied(db, table), {"copy": f"{copy:x}", "shift": copy * 977, "start": END - DAY, "day": DAY}
                )


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


def measure(folder: Path, state: Path) -> None:
    """Feed the index, then ask."""
    settings = Settings(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        experiment_name=FIRST,
        service_name=MAIN,
        delivery={"spool_dir": state / "spool"},
    )
    tracing = Tracing(settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    source_for(settings, patience=LONGEST).summary(_day())
    fed = time.monotonic() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = index_path(settings).stat().st_size / 2**20
    with TestClient(ops.app(tracing)) as client:
        print(f"first: {fed:.1f} s to feed an index of {size:.0f} MB, {grown:.0f} MB more memory")
        for name, hours in (("new", 24), ("same", 24), ("new", 1), ("same", 1)):
            began = time.monotonic()
            found = client.get(f"/api/summary?from={iso(END - hours * HOUR)}&to={iso(END)}").json()
            took = time.monotonic() - began
            print(f"{name}, {hours} h: {found['totals']['requests']} requests in {took:.3f} s, {found['missing']}")
    tracing.shutdown(0)


def _day() -> Question:
    return Question(END - DAY, END)


if __name__ == "__main__":
    main()
