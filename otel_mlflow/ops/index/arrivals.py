"""Traces that this host has just delivered, until they are counted in: small rows that cost who writes them nothing.

What is kept of a trace is what figures need of its info. No content, and no previews.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from otel_mlflow.delivery.destinations.trace_info import trace_info
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.ops.index.entry import OUTCOME_TAG, TraceEntry, entry_from_info
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG

MOST_ARRIVALS = 20_000
"""Beyond it the oldest go: who looks then has the backend searched for them."""

FIELDS = ("trace_id", "trace_location", "request_time", "execution_duration", "state", "client_request_id")
METADATA = ("mlflow.trace.user", "mlflow.trace.session")
TAGS = (
    "mlflow.traceName",
    "http.status_code",
    "service.name",
    "service.version",
    OUTCOME_TAG,
    SUMMARY_TAG,
)

Info = Mapping[str, Any]


def info_of_arrival(trace: SpooledTrace, experiment_id: str) -> Info:
    """What figures need of a trace that has arrived, as MLflow's search would say it."""
    info = trace_info(trace, experiment_id)["trace"]["trace_info"]
    kept = {name: info[name] for name in FIELDS if name in info}
    return {
        **kept,
        "trace_metadata": {name: info["trace_metadata"][name] for name in METADATA if name in info["trace_metadata"]},
        "tags": {name: info["tags"][name] for name in TAGS if name in info["tags"]},
    }


def add_arrivals(db: sqlite3.Connection, infos: Iterable[Info]) -> None:
    """Write them down; what is known of a trace already is replaced."""
    rows = ((info["trace_id"], json.dumps(info)) for info in infos)
    db.executemany("INSERT OR REPLACE INTO arrival (trace_id, info) VALUES (?, ?)", rows)
    db.execute("DELETE FROM arrival WHERE rowid <= (SELECT max(rowid) FROM arrival) - ?", (MOST_ARRIVALS,))


def has_arrivals(db: sqlite3.Connection) -> bool:
    """Whether there are any."""
    return db.execute("SELECT 1 FROM arrival LIMIT 1").fetchone() is not None


def take_arrivals(db: sqlite3.Connection) -> list[TraceEntry]:
    """Remove them all."""
    entries = [_entry(json.loads(row["info"])) for row in db.execute("SELECT info FROM arrival")]
    db.execute("DELETE FROM arrival")
    return entries


def _entry(info: Info) -> TraceEntry:
    """Of a trace that we wrote; it is known whole unless only MLflow knows what it cost."""
    entry = entry_from_info(info)
    costs = [use.cost for use in entry.models.values()]
    known = [cost for cost in costs if cost is not None]
    is_whole = not entry.needs_spans and len(known) == len(costs)
    return replace(entry, cost=sum(known) if costs else None, is_delivered_here=is_whole)
