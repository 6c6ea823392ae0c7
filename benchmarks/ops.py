"""How long the dashboard's figures take over a large store: `python -m benchmarks.ops [--traces N] [--folder FOLDER]`.

A real MLflow store is filled through delivery's own destination with a few thousand requests, which are then copied
in SQL, all of them within 24 hours. Cold: the file is not in the machine's page cache (where that can be emptied; else
it says so). Warm: asked a second time, with nothing of ours cached.
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources.sqlite_store import SqliteStore
from tests.ops import seed

EXPERIMENT = "seeded"
SEEDED = 2000


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser()
    options.add_argument("--traces", type=int, default=200_000)
    options.add_argument("--folder", type=Path)
    options.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.ask:
        ask(given.ask)
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.folder or Path(temporary)) / "mlflow.db"
        if not path.exists():
            fill(path, given.traces)
        print(f"{path.stat().st_size >> 20} MB, {given.traces} traces")
        for run in ("cold", "warm", "warm"):
            if run == "cold" and not forget(path):
                print("(the page cache cannot be emptied here: cold is warm)")
            subprocess.run([sys.executable, "-m", "benchmarks.ops", "--ask", path], check=True)


def fill(path: Path, traces: int) -> None:
    """Make the store."""
    began = time.monotonic()
    store = TrackingStore(f"sqlite:///{path}", experiment_name=EXPERIMENT, experiment_id=None)
    seed.fill(store, seed.mix(SEEDED, span_ms=seed.DAY))
    with sqlite3.connect(path) as db:
        for copy in range(1, traces // SEEDED):
            for table in ("trace_info", "trace_tags", "trace_request_metadata", "spans", "assessments"):
                db.execute(_copied(db, table), {"copy": f"{copy:x}", "shift": copy * 7})
    print(f"filled in {time.monotonic() - began:.0f} s")


def _copied(db: sqlite3.Connection, table: str) -> str:
    """Copy the seeded rows under ids of their own, some ms later."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    renamed = {
        "request_id": "replace(request_id, 'tr-0', 'tr-' || :copy || '-')",
        "trace_id": "replace(trace_id, 'tr-0', 'tr-' || :copy || '-')",
        "assessment_id": "assessment_id || :copy",
        "timestamp_ms": "timestamp_ms - :shift",
        "trace_timestamp_ms": "trace_timestamp_ms - :shift",
    }
    of = "request_id" if "request_id" in columns else "trace_id"
    values = ", ".join(renamed.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {of} LIKE 'tr-0%'"  # noqa: S608


def forget(path: Path) -> bool:
    """Have the machine forget the file's pages."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def ask(path: Path) -> None:
    """Ask for 24 hours, in a process of its own, and say what that took."""
    source = SqliteStore(path, experiment_name=EXPERIMENT, experiment_id=None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    summary = source.summary(question_of({"window": "24h"}, seed.END))
    seconds = time.monotonic() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{summary.figures.totals['requests']} requests counted in {seconds:.2f} s, {grown / 1024:.0f} MB more memory"
    )


if __name__ == "__main__":
    main()
