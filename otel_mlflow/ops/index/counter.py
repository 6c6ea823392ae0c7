"""Counting in the index: the relations of `sources.statements` as temporary tables, made once for each question."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from otel_mlflow.ops.index.percentiles import percentiles
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.statements import LatencyBy, parameters
from otel_mlflow.ops.summary import Row

_CHOSEN = """trace.time_ms >= :start AND trace.time_ms < :end
    AND (:route IS NULL OR trace.route = (SELECT id FROM word WHERE text = :route))
    AND (:user IS NULL OR trace.user = (SELECT id FROM word WHERE text = :user))
    AND (:session IS NULL OR trace.session = (SELECT id FROM word WHERE text = :session))
    AND (:service IS NULL OR trace.service = (SELECT id FROM word WHERE text = :service))"""

RELATIONS = (
    f"""CREATE TEMP TABLE request AS
    SELECT trace_id, experiment, time_ms, duration_ms, ttfb_ms, route, service, outcome = 1 AS failed,
        outcome = 2 AS cancelled, error_type, status_code, user AS user_id, session AS session_id, request_id,
        input_tokens, output_tokens, total_tokens, cost
    FROM trace WHERE {_CHOSEN}""",  # noqa: S608, all of it is ours
    f"""CREATE TEMP TABLE model_use AS
    SELECT used.* FROM trace CROSS JOIN main.model_use AS used
        ON used.time_ms = trace.time_ms AND used.trace_id = trace.trace_id
    WHERE {_CHOSEN}""",  # noqa: S608
    f"""CREATE TEMP TABLE tool_use AS
    SELECT used.* FROM trace CROSS JOIN main.tool_use AS used
        ON used.time_ms = trace.time_ms AND used.trace_id = trace.trace_id
    WHERE {_CHOSEN}""",  # noqa: S608
    f"""CREATE TEMP TABLE judgement AS
    SELECT given.trace_id, trace.experiment, given.time_ms, given.name, given.value, given.number, given.is_text
    FROM main.assessment AS given CROSS JOIN trace
        ON trace.time_ms = given.time_ms AND trace.trace_id = given.trace_id
    WHERE given.time_ms >= :start AND given.time_ms < :end AND {_CHOSEN}""",  # noqa: S608
    """CREATE TEMP TABLE earlier_user AS
    SELECT DISTINCT user AS user_id FROM trace WHERE time_ms >= :earlier AND time_ms < :start AND user IS NOT NULL""",
)
_TEXT = re.compile(r"\btext\((\w+)\)")

GROUPS: dict[LatencyBy, str] = {"all": "0", "step": "time_ms / :step", "route": "route"}


class IndexCounter:
    """Counts the traces of one window."""

    def __init__(self, db: sqlite3.Connection, question: Question) -> None:
        self._db = db
        self._step = question.step_ms
        self._parameters = parameters(question)
        # On disk: a month of requests is not to live in the memory of the application.
        db.execute("PRAGMA temp_store = FILE")
        for statement in RELATIONS:
            db.execute(statement, self._parameters)

    def rows(self, statement: str) -> list[Row]:
        """Run a statement; texts are looked up where they are asked for."""
        looked_up = _TEXT.sub(r"(SELECT text FROM word WHERE id = \1)", statement)
        return [dict(row) for row in self._db.execute(looked_up, self._parameters)]

    def latency(self, by: LatencyBy) -> dict[Any, Row]:
        """The percentiles of durations."""
        found = percentiles(self._db, GROUPS[by], self._step)
        if by == "route":
            texts = {row["id"]: row["text"] for row in self._db.execute(ROUTES)}
            return {texts[number]: row for number, row in found.items()}
        return {number * self._step if by == "step" else number: row for number, row in found.items()}


ROUTES = "SELECT id, text FROM word WHERE id IN (SELECT DISTINCT route FROM request)"
