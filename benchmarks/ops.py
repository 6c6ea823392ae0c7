"""How long the dashboard's figures take over a large store: `python -m benchmarks.ops [--traces N] [--folder FOLDER]`.

A real MLflow store is filled through delivery's own destination with a few thousand requests, which are then copied
in SQL, all of them within 24 hours and in the order in which they came. Asked over HTTP, as the page does, in a fresh
process. Cold: the machine has forgotten the file. Warm: the file is in the machine's memory. Kept: asked again.
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

from starlette.testclient import TestClient

from otel_mlflow import Settings, Tracing, ops
from otel_mlflow.delivery.destinations.tracking_store import TrackingStore
from tests.ops import expected, seed

EXPERIMENT = "seeded"
SEEDED = 2000
TABLES = ("trace_info", "trace_tags", "trace_request_metadata", "spans", "assessments")
DAY = f"/api/summary?from={expected.iso(seed.END - seed.DAY)}&to={expected.iso(seed.END)}"


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
        print(f"{given.traces} traces, {path.stat().st_size >> 20} MB")
        for run in ("cold", "warm"):
            if run == "cold":
                forget(path)
            print(f"{run}: ", end="", flush=True)
            subprocess.run([sys.executable, "-W", "ignore", "-m", "benchmarks.ops", "--ask", path], check=True)


def fill(path: Path, traces: int) -> None:
    """Make the store."""
    requests = sorted(seed.mix(SEEDED, span_ms=seed.DAY), key=lambda request: request.time_ms)
    seed.fill(TrackingStore(f"sqlite:///{path}", experiment_name=EXPERIMENT, experiment_id=None), requests)
    copies = traces // SEEDED - 1
    with sqlite3.connect(path) as db:
        for copy in range(1, copies + 1):
            moved = {"copy": f"{copy:x}", "since": seed.END - seed.DAY, "at": copy * seed.DAY // (copies + 1)}
            for table in TABLES:
                db.execute(_copied(db, table), {**moved, "copies": copies + 1})


def _copied(db: sqlite3.Connection, table: str) -> str:
    """Copy the seeded rows under ids of their own, into a part of the day of their own."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    renamed = {
        "request_id": "replace(request_id, 'tr-0', 'tr-' || :copy || '-')",
        "trace_id": "replace(trace_id, 'tr-0', 'tr-' || :copy || '-')",
        "assessment_id": "assessment_id || :copy",
        "timestamp_ms": ":since + :at + (timestamp_ms - :since) / :copies",
        "trace_timestamp_ms": ":since + :at + (trace_timestamp_ms - :since) / :copies",
    }
    of = "request_id" if "request_id" in columns else "trace_id"
    values = ", ".join(renamed.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {of} LIKE 'tr-0%'"  # noqa: S608


def forget(path: Path) -> None:
    """Have the machine forget the file's pages."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ask(path: Path) -> None:
    """Ask for 24 hours, twice, and say what that took."""
    with tempfile.TemporaryDirectory() as folder:
        spool = {"spool_dir": Path(folder)}
        tracing = Tracing(Settings(tracking_uri=f"sqlite:///{path}", experiment_name=EXPERIMENT, delivery=spool))
        with TestClient(ops.app(tracing)) as client:
            client.get("/status")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            first, requests = _asked(client)
            again, _ = _asked(client)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        tracing.shutdown(0)
    print(f"{requests} requests counted in {first:.2f} s, kept: {again:.3f} s, {grown:.0f} MB more memory")


def _asked(client: TestClient) -> tuple[float, int]:
    began = time.monotonic()
    found = client.get(DAY).json()
    return time.monotonic() - began, found["totals"]["requests"]


if __name__ == "__main__":
    main()
