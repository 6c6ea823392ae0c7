"""The relations of `sources.statements`, over the index."""

from __future__ import annotations

import re

_CHOSEN = """trace.time_ms >= :start AND trace.time_ms < :end
    AND (:route IS NULL OR trace.route = (SELECT id FROM word WHERE text = :route))
    AND (:user IS NULL OR trace.user = (SELECT id FROM word WHERE text = :user))
    AND (:session IS NULL OR trace.session = (SELECT id FROM word WHERE text = :session))
    AND (:service IS NULL OR trace.service = (SELECT id FROM word WHERE text = :service))"""

_RELATIONS = f"""
WITH request AS NOT MATERIALIZED (
    SELECT trace_id, experiment, time_ms, duration_ms, ttfb_ms, route, service, outcome = 1 AS failed,
        outcome = 2 AS cancelled, error_type, status_code, user AS user_id, session AS session_id, request_id,
        input_tokens, output_tokens, total_tokens, cost
    FROM trace WHERE {_CHOSEN}
), model_use AS NOT MATERIALIZED (
    SELECT used.* FROM trace CROSS JOIN main.model_use AS used
        ON used.time_ms = trace.time_ms AND used.trace_id = trace.trace_id
    WHERE {_CHOSEN}
), tool_use AS NOT MATERIALIZED (
    SELECT used.* FROM trace CROSS JOIN main.tool_use AS used
        ON used.time_ms = trace.time_ms AND used.trace_id = trace.trace_id
    WHERE {_CHOSEN}
), judgement AS NOT MATERIALIZED (
    SELECT given.trace_id, trace.experiment, given.time_ms, given.name, given.value, given.number, given.is_text
    FROM main.assessment AS given CROSS JOIN trace
        ON trace.time_ms = given.time_ms AND trace.trace_id = given.trace_id
    WHERE given.time_ms >= :start AND given.time_ms < :end AND {_CHOSEN}
), earlier_user AS (
    SELECT DISTINCT user AS user_id FROM trace WHERE time_ms >= :earlier AND time_ms < :start AND user IS NOT NULL
)
"""  # noqa: S608, all of it is ours
_TEXT = re.compile(r"\btext\((\w+)\)")


def over_index(statement: str) -> str:
    """A statement over the relations; texts are looked up where they are asked for."""
    return _RELATIONS + _TEXT.sub(r"(SELECT text FROM word WHERE id = \1)", statement)
