"""The figures in SQL that SQLite and Spark both speak, over four relations that each backend provides.

| relation | one row for each | columns |
| --- | --- | --- |
| `request` | trace in the window | `trace_id`, `time_ms`, `duration_ms`, `route`, `failed`, `cancelled` (0 or 1), `status_code`, `user_id`, `session_id`, `request_id`, `input_tokens`, `output_tokens`, `total_tokens`, `cost` |
| `model_call` | call of a model in them | `model`, `input_tokens`, `output_tokens`, `total_tokens`, `cost` |
| `tool_call` | call of a tool in them | `tool`, `failed` |
| `judgement` | feedback about them | `name`, `value`, `number` (true is 1; null where the value is none) |
| `earlier_user` | user in the four weeks before | `user_id` |

Parameters are those of `parameters()`.
"""  # noqa: E501, a table's rows cannot be broken

from __future__ import annotations

from otel_mlflow.ops.question import DAY, HOUR, Question
from otel_mlflow.ops.sources.base import MOST_KINDS, MOST_ROWS

LOOK_BACK = 28 * DAY
"""Who was not seen for so long before the window counts as new. In ms, as all times."""


def parameters(question: Question) -> dict[str, int | str | None]:
    """What the statements and relations are given."""
    return {
        "start": question.start_ms,
        "end": question.end_ms,
        "earlier": question.start_ms - LOOK_BACK,
        "route": question.route,
        "user": question.user,
        "session": question.session,
        "step": question.step_ms,
        "hour": HOUR,
    }


_COUNTS = "count(*) AS requests, coalesce(sum(failed), 0) AS errors, coalesce(sum(cancelled), 0) AS cancelled"
_TOKENS = """coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
    coalesce(sum(total_tokens), 0) AS total_tokens, coalesce(sum(cost), 0.0) AS cost"""
_BUCKET = "time_ms - time_ms % :step"
_ONE = """SELECT trace_id, time_ms AS time, route, status_code, failed, cancelled, duration_ms, user_id AS `user`,
    session_id AS session, request_id FROM request"""


def _percentile(share: str) -> str:
    """With linear interpolation between the two nearest values, as MLflow's and numpy's percentiles."""
    place = f"{share} * (n - 1)"
    below = f"CAST({place} AS BIGINT)"
    return f"""sum(CASE WHEN place - 1 = {below} THEN duration_ms * (1 - ({place} - {below}))
        WHEN place - 2 = {below} THEN duration_ms * ({place} - {below}) END)"""


def _percentiles(by: str) -> str:
    return f"""
SELECT by_, {_percentile("0.5")} AS p50_ms, {_percentile("0.95")} AS p95_ms, {_percentile("0.99")} AS p99_ms
FROM (
    SELECT by_, duration_ms, row_number() OVER (PARTITION BY by_ ORDER BY duration_ms) AS place,
        count(*) OVER (PARTITION BY by_) AS n
    FROM (SELECT {by} AS by_, duration_ms FROM request WHERE duration_ms IS NOT NULL) AS timed
) AS ranked
GROUP BY by_"""  # noqa: S608, all of it is ours


TOTALS = f"SELECT {_COUNTS}, {_TOKENS} FROM request"  # noqa: S608
PEOPLE = """
SELECT count(DISTINCT request.user_id) AS users, count(DISTINCT session_id) AS sessions,
    count(DISTINCT earlier_user.user_id) AS returning_users
FROM request LEFT JOIN earlier_user ON earlier_user.user_id = request.user_id"""
TOTAL_LATENCY = _percentiles("1")
SERIES = f"SELECT {_BUCKET} AS `time`, {_COUNTS} FROM request GROUP BY {_BUCKET}"  # noqa: S608
SERIES_LATENCY = _percentiles(_BUCKET)
HOURS = (
    "SELECT time_ms - time_ms % :hour AS `time`, count(*) AS requests FROM request GROUP BY time_ms - time_ms % :hour"
)
ROUTES = f"SELECT route, {_COUNTS} FROM request GROUP BY route ORDER BY requests DESC, route LIMIT {MOST_KINDS}"  # noqa: S608
ROUTES_LATENCY = _percentiles("route")
STATUSES = """
SELECT status_code, count(*) AS requests FROM request WHERE status_code IS NOT NULL
GROUP BY status_code ORDER BY status_code"""
MODELS = f"""
SELECT model, count(*) AS calls, {_TOKENS} FROM model_call
GROUP BY model ORDER BY calls DESC, model LIMIT {MOST_KINDS}"""  # noqa: S608
USERS = f"""
SELECT user_id AS `user`, {_COUNTS}, count(DISTINCT session_id) AS sessions, {_TOKENS}
FROM request WHERE user_id IS NOT NULL GROUP BY user_id ORDER BY requests DESC, user_id LIMIT {MOST_ROWS}"""  # noqa: S608
SESSIONS = f"""
SELECT session_id AS session, max(user_id) AS `user`, {_COUNTS}, coalesce(sum(total_tokens), 0) AS total_tokens,
    max(time_ms) AS `time`
FROM request WHERE session_id IS NOT NULL GROUP BY session_id ORDER BY requests DESC, session_id LIMIT {MOST_ROWS}"""  # noqa: S608
SLOWEST = f"{_ONE} WHERE duration_ms IS NOT NULL ORDER BY duration_ms DESC, trace_id LIMIT {MOST_ROWS}"
FAILING = f"{_ONE} WHERE failed = 1 ORDER BY time_ms DESC, trace_id LIMIT {MOST_ROWS}"
TOOLS = f"""
SELECT tool, count(*) AS calls, sum(failed) AS failures FROM tool_call
GROUP BY tool ORDER BY failures DESC, calls DESC, tool LIMIT {MOST_KINDS}"""  # noqa: S608
FEEDBACK = f"""
SELECT name, value, count(*) AS given, avg(number) AS mean FROM judgement
GROUP BY name, value ORDER BY name, value LIMIT {MOST_KINDS}"""  # noqa: S608
