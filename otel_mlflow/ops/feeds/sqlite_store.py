"""A feed from MLflow's own SQLite database, read where it lies, on a connection that cannot write.

Tables and columns as of MLflow 3.17.2 (`alembic_version` is not looked at: a column that is missing is told as such).
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from otel_mlflow.errors import MisconfigurationError, RetryableError
from otel_mlflow.ops.feeds.base import Tally
from otel_mlflow.ops.feeds.trace_api import milliseconds
from otel_mlflow.ops.index.entry import (
    UNFINISHED,
    TraceEntry,
    assessment,
    cost_of,
    is_unnamed,
    outcome_of,
    status_code_of,
    usage_of,
)
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG, TraceSummary, summary_from_tag
from otel_mlflow.status import Experiment

LOCK_TIMEOUT = 10.0
"""Seconds to wait for MLflow, which locks the file while it writes."""

PAGE_SIZE = 5000

Rows = list[sqlite3.Row]


class SqliteFeed:
    """The database file at `path`; of other experiments, the traces of `service`."""

    kind = "SQLite store"

    def __init__(self, path: Path, wanted: Wanted, service: str | None) -> None:
        self._path = path
        self._wanted = wanted
        self._service = service

    def open(self) -> Experiment:
        """Find the experiment."""
        with self._reading() as db:
            row = db.execute(EXPERIMENT, {"name": self._wanted.name, "id": self._wanted.id}).fetchone()
        if row is None:
            raise self._wanted.missing_in(f"the database at {self._path}")
        self._experiment_id = row["experiment_id"]
        return Experiment(str(row["experiment_id"]), row["name"], "")

    def close(self) -> None:
        """Nothing is held."""

    def tallies(self, start_ms: int, end_ms: int, step_ms: int) -> Mapping[int, Tally]:
        """Of each step: traces, their states, durations and names, and feedback."""
        given = {**self._parameters(start_ms, end_ms), "step": step_ms}
        with self._reading() as db:
            assessed = {row["step"]: row["state"] for row in db.execute(ASSESSED, given)}
            return {
                row["step"]: Tally(row["traces"], f"{row['state']}, {assessed.get(row['step'], '')}")
                for row in db.execute(TALLIES, given)
            }

    def count(self, start_ms: int, end_ms: int) -> int:
        """How many traces there are."""
        with self._reading() as db:
            counted = db.execute(f"SELECT count(*) FROM ({CHOSEN})", self._parameters(start_ms, end_ms))  # noqa: S608
            return int(counted.fetchone()[0])

    def pages(self, start_ms: int, end_ms: int) -> Iterator[list[TraceEntry]]:
        """The traces of a time, the newest first."""
        last = end_ms, ""
        while True:
            with self._reading() as db:
                page, last = self._page(db, start_ms, last)
            if page:
                yield page
            if len(page) < PAGE_SIZE:
                return

    def _page(
        self, db: sqlite3.Connection, start_ms: int, last: tuple[int, str]
    ) -> tuple[list[TraceEntry], tuple[int, str]]:
        given = {**self._parameters(start_ms, last[0]), "last_id": last[1], "size": PAGE_SIZE}
        db.execute(PAGE, given)
        traces = db.execute("SELECT * FROM chosen ORDER BY timestamp_ms DESC, request_id DESC").fetchall()
        tags, metadata = _maps(db, TAGS), _maps(db, METADATA)
        judged = _by_trace(db, ASSESSMENTS)
        entries = [
            _entry(row, tags[trace_id], metadata[trace_id], judged[trace_id])
            for row in traces
            for trace_id in (row["request_id"],)
        ]
        spans = _spans(db, [entry.trace_id for entry in entries if entry.needs_spans])
        complete = [e.with_summary(_summary(spans[e.trace_id])) if e.needs_spans else e for e in entries]
        return complete, (traces[-1]["timestamp_ms"], traces[-1]["request_id"]) if traces else last

    def _parameters(self, start_ms: int, end_ms: int) -> dict[str, Any]:
        return {"experiment": self._experiment_id, "service": self._service, "start": start_ms, "end": end_ms}

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection that cannot change the file. What SQLite says is sorted by what can be done about it."""
        if not self._path.exists():
            raise MisconfigurationError(
                f"there is no database at {self._path}", "wait for the first trace, or correct tracking_uri"
            )
        try:
            with closing(_connected(self._path)) as db:
                yield db
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                raise MisconfigurationError(
                    f"the database at {self._path} is of another MLflow: {error}",
                    "use MLflow 3.17 or newer for it (`mlflow db upgrade`)",
                ) from error
            raise RetryableError(f"the database at {self._path} does not answer: {error}") from error
        except sqlite3.DatabaseError as error:
            raise MisconfigurationError(
                f"{self._path} is no MLflow database: {error}", "correct tracking_uri"
            ) from error


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", timeout=LOCK_TIMEOUT, uri=True)
    db.row_factory = sqlite3.Row
    return db


def _maps(db: sqlite3.Connection, statement: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for trace_id, key, value in db.execute(statement, {"summary": SUMMARY_TAG}):
        found[trace_id][key] = value
    return found


def _by_trace(db: sqlite3.Connection, statement: str) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for row in db.execute(statement):
        found[row["trace_id"]].append(row)
    return found


def _spans(db: sqlite3.Connection, trace_ids: Sequence[str]) -> dict[str, Rows]:
    """The spans in which a model or a tool was called, of the traces whose tags do not say it."""
    db.execute("CREATE TEMP TABLE wanting (trace_id TEXT PRIMARY KEY)")
    db.executemany("INSERT INTO wanting VALUES (?)", [(trace_id,) for trace_id in trace_ids])
    return _by_trace(db, SPANS)


def _entry(row: sqlite3.Row, tags: Mapping[str, str], metadata: Mapping[str, str], judged: Rows) -> TraceEntry:
    summary = summary_from_tag(tags.get(SUMMARY_TAG))
    return TraceEntry(
        trace_id=row["request_id"],
        experiment_id=str(row["experiment_id"]),
        time_ms=row["timestamp_ms"],
        duration_ms=row["execution_time_ms"],
        route=row["trace_name"] or "",
        outcome=outcome_of(row["status"], tags.get("otel_mlflow.outcome")),
        is_unfinished=row["status"] in UNFINISHED,
        status_code=status_code_of(tags.get("http.status_code")),
        service=tags.get("service.name"),
        version=tags.get("service.version"),
        user=metadata.get("mlflow.trace.user"),
        session=row["session_id"],
        request_id=row["client_request_id"] or None,
        usage=usage_of(dict(row)),
        cost=cost_of(row["total_cost"]),
        summary=summary,
        is_unnamed=is_unnamed(summary),
        # MLflow keeps values as JSON; judges that failed have none.
        assessments=tuple(
            assessment(given["name"], json.loads(given["value"])) for given in judged if given["value"] != "null"
        ),
    )


def _summary(spans: Rows) -> TraceSummary:
    summary = TraceSummary()
    for span in spans:
        usage, cost = span["usage"], {"total_cost": span["total_cost"]}
        said = {
            "mlflow.spanType": span["type"],
            "mlflow.llm.model": span["model_name"],
            "mlflow.chat.tokenUsage": usage,
        }
        summary.add_span(
            span["name"],
            {**said, "mlflow.llm.cost": cost},
            is_failed=span["status"] == "ERROR",
            duration_ms=milliseconds(span["start_time_unix_nano"], span["end_time_unix_nano"]),
        )
    return summary


EXPERIMENT = """
SELECT experiment_id, name FROM experiments
WHERE lifecycle_stage = 'active' AND CASE WHEN :id IS NULL THEN name = :name ELSE experiment_id = :id END
"""
CHOSEN = """
SELECT trace.* FROM trace_info AS trace
WHERE trace.experiment_id = :experiment AND trace.timestamp_ms >= :start AND trace.timestamp_ms < :end
UNION ALL
SELECT trace.* FROM experiments
CROSS JOIN trace_info AS trace ON trace.experiment_id = experiments.experiment_id
    AND trace.timestamp_ms >= :start AND trace.timestamp_ms < :end
CROSS JOIN trace_tags AS service ON service.request_id = trace.request_id AND service.key = 'service.name'
WHERE experiments.lifecycle_stage = 'active' AND experiments.experiment_id != :experiment AND service.value = :service
"""
PAGE = f"""
CREATE TEMP TABLE chosen AS SELECT * FROM (
    SELECT * FROM ({CHOSEN.replace("< :end", "<= :end")})
    WHERE timestamp_ms < :end OR request_id < :last_id
    ORDER BY timestamp_ms DESC, request_id DESC LIMIT :size
)
"""  # noqa: S608, all of it is ours
TALLIES = f"""
SELECT timestamp_ms - timestamp_ms % :step AS step, count(*) AS traces,
    count(*) || ' ' || sum(status = 'OK') || ' ' || sum(status = 'ERROR') || ' ' || coalesce(sum(execution_time_ms), 0)
        || ' ' || coalesce(sum(total_tokens), 0) || ' ' || count(session_id) || ' ' || count(client_request_id)
        || ' ' || coalesce(sum(length(trace_name)), 0) AS state
FROM ({CHOSEN}) AS traces GROUP BY step
"""  # noqa: S608
ASSESSED = """
SELECT trace_timestamp_ms - trace_timestamp_ms % :step AS step,
    count(*) || ' ' || sum(last_updated_timestamp) || ' ' || coalesce(sum(aggregate_value), 0)
        || ' ' || sum(valid) AS state
FROM experiments JOIN assessments ON assessments.experiment_id = experiments.experiment_id
    AND trace_timestamp_ms >= :start AND trace_timestamp_ms < :end
GROUP BY step
"""
TAGS = """
SELECT tag.request_id, tag.key, tag.value FROM chosen CROSS JOIN trace_tags AS tag ON tag.request_id = chosen.request_id
WHERE tag.key IN (:summary, 'otel_mlflow.outcome', 'http.status_code', 'service.name', 'service.version')
"""
METADATA = """
SELECT said.request_id, said.key, said.value FROM chosen
CROSS JOIN trace_request_metadata AS said ON said.request_id = chosen.request_id
WHERE said.key = 'mlflow.trace.user'
"""
ASSESSMENTS = """
SELECT given.trace_id, given.name, given.value FROM chosen
CROSS JOIN assessments AS given ON given.trace_id = chosen.request_id
WHERE given.valid AND +given.assessment_type = 'feedback'
"""
SPANS = """
SELECT span.trace_id, span.type, span.name, span.status, span.model_name, span.total_cost,
    span.start_time_unix_nano, span.end_time_unix_nano,
    CASE WHEN span.type != 'TOOL' AND json_valid(span.content)
        THEN json_extract(span.content, '$.attributes."mlflow.chat.tokenUsage"') END AS usage
FROM wanting CROSS JOIN spans AS span ON span.trace_id = wanting.trace_id
WHERE span.type = 'TOOL' OR (span.type IN ('CHAT_MODEL', 'LLM', 'EMBEDDING') AND span.model_name IS NOT NULL)
"""
