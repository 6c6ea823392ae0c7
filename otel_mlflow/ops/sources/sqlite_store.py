"""MLflow's own SQLite database, read where it lies: what `query_trace_metrics` does not group by is in its tables.

MLflow's aggregation knows no users, no tokens by model and no other tags than as a filter, so the dashboard asks the
tables themselves, on a connection that cannot write. Tables and columns as of MLflow 3.17.2 (database version
`alembic_version` is not looked at: a column that is missing is told as such).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from otel_mlflow.errors import MisconfigurationError, RetryableError
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.ops.sources.counting import count
from otel_mlflow.ops.sources.statements import parameters
from otel_mlflow.ops.summary import Row, Summary
from otel_mlflow.status import Experiment

LOCK_TIMEOUT = 10.0
"""Seconds to wait for MLflow, which locks the file while it writes."""

LONGEST = 60.0
"""Seconds that all statements together may take: nobody waits longer for a page."""

BETWEEN_LOOKS = 100_000
"""Steps of SQLite's machine between two looks at the clock."""


class SqliteStore:
    """The database file at `path`."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._path = path
        self._wanted = wanted

    def summary(self, question: Question) -> Summary:
        """Count in the database."""
        with self._reading() as db:
            experiment = self._experiment(db)
            given = {**parameters(question), "experiment": int(experiment.id)}
            for statement in RELATIONS:
                db.execute(statement, given)

            def ask(statement: str) -> list[Row]:
                return [dict(row) for row in db.execute(statement, given)]

            return Summary(question, "SQLite store", experiment, count(ask, question))

    def _experiment(self, db: sqlite3.Connection) -> Experiment:
        row = db.execute(EXPERIMENT, {"name": self._wanted.name, "id": self._wanted.id}).fetchone()
        if row is None:
            raise self._wanted.missing_in(f"the database at {self._path}")
        return Experiment(str(row["experiment_id"]), row["name"], "")

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
    # On disk: a month of requests is not to live in the memory of the application.
    db.execute("PRAGMA temp_store = FILE")
    deadline = time.monotonic() + LONGEST
    db.set_progress_handler(lambda: time.monotonic() > deadline, BETWEEN_LOOKS)
    return db


EXPERIMENT = """
SELECT experiment_id, name FROM experiments
WHERE lifecycle_stage = 'active' AND CASE WHEN :id IS NULL THEN name = :name ELSE experiment_id = :id END
"""

_REQUEST = """
CREATE TEMP TABLE request AS
SELECT trace.request_id AS trace_id, trace.timestamp_ms AS time_ms, trace.execution_time_ms AS duration_ms,
    coalesce(trace.trace_name, '') AS route,
    trace.status = 'ERROR' AND coalesce(outcome.value, '') != 'cancelled' AS failed,
    coalesce(outcome.value, '') = 'cancelled' AS cancelled,
    CAST(status_code.value AS INTEGER) AS status_code,
    person.value AS user_id, trace.session_id, trace.client_request_id AS request_id,
    trace.input_tokens, trace.output_tokens, trace.total_tokens, trace.total_cost AS cost
FROM trace_info AS trace
LEFT JOIN trace_tags AS outcome ON trace.status = 'ERROR' AND outcome.key = 'otel_mlflow.outcome'
    AND outcome.request_id = trace.request_id
LEFT JOIN trace_tags AS status_code ON status_code.key = 'http.status_code'
    AND status_code.request_id = trace.request_id
LEFT JOIN trace_request_metadata AS person ON person.key = 'mlflow.trace.user' AND person.request_id = trace.request_id
WHERE trace.experiment_id = :experiment AND trace.timestamp_ms >= :start AND trace.timestamp_ms < :end
    AND (:route IS NULL OR trace.trace_name = :route)
    AND (:user IS NULL OR person.value = :user)
    AND (:session IS NULL OR trace.session_id = :session)
"""
_CALL = """
CREATE TEMP TABLE call AS
SELECT span.type = 'TOOL' AS is_tool, span.name, span.status = 'ERROR' AS failed, span.model_name,
    span.total_cost AS cost,
    CASE WHEN span.type != 'TOOL' THEN json_extract(span.content, '$.attributes."mlflow.chat.tokenUsage"') END AS usage
FROM request CROSS JOIN spans AS span ON span.trace_id = request.trace_id
WHERE span.type = 'TOOL' OR (span.type IN ('CHAT_MODEL', 'LLM', 'EMBEDDING') AND span.model_name IS NOT NULL)
"""
_MODEL_CALL = """
CREATE TEMP VIEW model_call AS
SELECT model_name AS model, json_extract(usage, '$.input_tokens') AS input_tokens,
    json_extract(usage, '$.output_tokens') AS output_tokens, json_extract(usage, '$.total_tokens') AS total_tokens, cost
FROM call WHERE NOT is_tool
"""
_TOOL_CALL = "CREATE TEMP VIEW tool_call AS SELECT name AS tool, failed FROM call WHERE is_tool"
_JUDGEMENT = """
CREATE TEMP TABLE judgement AS
SELECT given.name, given.value, given.aggregate_value AS number
FROM request CROSS JOIN assessments AS given ON given.trace_id = request.trace_id
WHERE given.valid AND +given.assessment_type = 'feedback'
"""
_EARLIER_USER = """
CREATE TEMP TABLE earlier_user AS
SELECT DISTINCT person.value AS user_id
FROM trace_info AS trace
JOIN trace_request_metadata AS person ON person.key = 'mlflow.trace.user' AND person.request_id = trace.request_id
WHERE trace.experiment_id = :experiment AND trace.timestamp_ms >= :earlier AND trace.timestamp_ms < :start
"""
RELATIONS = (_REQUEST, _CALL, _MODEL_CALL, _TOOL_CALL, _JUDGEMENT, _EARLIER_USER)
