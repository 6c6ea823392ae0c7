"""The figures in SQL, for the backend that counts itself: over relations that `catalog_relations` provides.

| relation | one row for each | columns |
| --- | --- | --- |
| `request` | trace in the window | `trace_id`, `experiment`, `time_ms`, `duration_ms`, `ttfb_ms`, `route`, `service`, `version`, `failed`, `cancelled` (0 or 1), `error_type`, `status_code`, `user_id`, `session_id`, `request_id`, `input_tokens`, `output_tokens`, `total_tokens`, `cost` |
| `model_use` | model that one of them called | `time_ms`, `model`, `calls`, `input_tokens`, `output_tokens`, `total_tokens`, `cost`, `took_ms` |
| `tool_use` | tool that one of them called | `tool`, `calls`, `failures`, `took_ms` |
| `span_use` | other span below the root of one of them | `span`, `calls`, `failures`, `took_ms` |
| `feedback` | what was given to them | `trace_id`, `experiment`, `time_ms`, `name`, `value`, `number` (true is 1; null where the value is none), `is_text` |
| `earlier_user` | user in the four weeks before | `user_id` |

Parameters are those of `parameters()`.
"""  # noqa: E501, a table's rows cannot be broken

from __future__ import annotations

from typing import Literal

from otel_mlflow.ops.question import DAY, HOUR, Question
from otel_mlflow.ops.sources.base import MOST_KINDS, MOST_LINES, MOST_ROWS

LatencyBy = Literal["all", "step", "route", "version"]

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
        "service": question.service,
        "version": question.version,
        "slower_than": None if question.slower_than is None else round(question.slower_than * 1000),
        "step": question.step_ms,
        "hour": HOUR,
        "period": question.period_ms,
        "first_period": question.periods.start,
    }


_COUNTS = "count(*) AS requests, coalesce(sum(failed), 0) AS errors, coalesce(sum(cancelled), 0) AS cancelled"
_TOKENS = """coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
    coalesce(sum(total_tokens), 0) AS total_tokens, coalesce(sum(cost), 0.0) AS cost"""
_TOOK = """sum(took_ms) / CAST(sum(calls) AS DOUBLE) AS mean_ms, max(took_ms) AS longest_ms,
    percentile(took_ms, 0.5) AS p50_ms, percentile(took_ms, 0.95) AS p95_ms, percentile(took_ms, 0.99) AS p99_ms"""
_BUCKET = "time_ms - time_ms % :step"
_ONE = """SELECT trace_id, experiment, time_ms AS `time`, route, status_code, failed,
    cancelled, duration_ms, error_type, user_id AS `user`, session_id AS session,
    request_id FROM request"""


def _percentile(share: str, column: str) -> str:
    """With linear interpolation between the two nearest values, as MLflow's and numpy's percentiles."""
    place = f"{share} * (n - 1)"
    below = f"CAST({place} AS BIGINT)"
    return f"""sum(CASE WHEN place - 1 = {below} THEN {column} * (1 - ({place} - {below}))
        WHEN place - 2 = {below} THEN {column} * ({place} - {below}) END)"""


def _percentiles(by: str, column: str = "duration_ms") -> str:
    p50, p95, p99 = (_percentile(share, column) for share in ("0.5", "0.95", "0.99"))
    return f"""
SELECT by_, {p50} AS p50_ms, {p95} AS p95_ms, {p99} AS p99_ms
FROM (
    SELECT by_, {column}, row_number() OVER (PARTITION BY by_ ORDER BY {column}) AS place,
        count(*) OVER (PARTITION BY by_) AS n
    FROM (SELECT {by} AS by_, {column} FROM request WHERE {column} IS NOT NULL) AS timed
) AS ranked
GROUP BY by_"""  # noqa: S608, all of it is ours


TOTALS = f"SELECT {_COUNTS}, {_TOKENS} FROM request"  # noqa: S608
PEOPLE = """
SELECT count(DISTINCT request.user_id) AS users, count(DISTINCT session_id) AS sessions,
    count(DISTINCT earlier_user.user_id) AS returning_users
FROM request LEFT JOIN earlier_user ON earlier_user.user_id = request.user_id"""
SERIES = f"""
SELECT {_BUCKET} AS `time`, {_COUNTS}, coalesce(sum(total_tokens), 0) AS total_tokens, coalesce(sum(cost), 0.0) AS cost
FROM request GROUP BY {_BUCKET}"""  # noqa: S608
HOURS = """
SELECT time_ms - time_ms % :hour AS `time`, count(*) AS requests, count(DISTINCT user_id) AS users
FROM request GROUP BY time_ms - time_ms % :hour"""
ROUTES = f"""
SELECT route, {_COUNTS} FROM request
GROUP BY route ORDER BY requests DESC, route LIMIT {MOST_KINDS}"""  # noqa: S608
LATENCY: dict[LatencyBy, str] = {
    "all": _percentiles("1"),
    "step": _percentiles(_BUCKET),
    "route": _percentiles("route"),
    "version": _percentiles("version"),
}
ROUTES_FIRST_BYTE = _percentiles("route", "ttfb_ms")
SERVICES = f"""
SELECT service, {_COUNTS} FROM request WHERE service IS NOT NULL
GROUP BY service ORDER BY requests DESC, service LIMIT {MOST_KINDS}"""  # noqa: S608
VERSIONS = f"""
SELECT version, {_COUNTS}, min(time_ms) AS `first`, max(time_ms) AS `last` FROM request WHERE version IS NOT NULL
GROUP BY version ORDER BY `first`, version LIMIT {MOST_KINDS}"""  # noqa: S608
STATUSES = """
SELECT status_code, count(*) AS requests FROM request WHERE status_code IS NOT NULL
GROUP BY status_code ORDER BY status_code"""
ERRORS = f"""
SELECT error_type, count(*) AS requests, min(time_ms) AS `first`, max(time_ms) AS `last`,
    count(DISTINCT route) AS routes
FROM request WHERE failed = 1 GROUP BY error_type ORDER BY requests DESC, error_type LIMIT {MOST_KINDS}"""  # noqa: S608
MODELS = f"""
SELECT model, sum(calls) AS calls, {_TOKENS}, {_TOOK} FROM model_use
GROUP BY model ORDER BY calls DESC, model LIMIT {MOST_KINDS}"""  # noqa: S608
USERS = f"""
SELECT user_id AS `user`, {_COUNTS}, count(DISTINCT session_id) AS sessions, {_TOKENS}
FROM request WHERE user_id IS NOT NULL
GROUP BY user_id ORDER BY requests DESC, user_id LIMIT {MOST_ROWS}"""  # noqa: S608
SESSIONS = f"""
SELECT session_id AS session, max(user_id) AS `user`, {_COUNTS},
    coalesce(sum(total_tokens), 0) AS total_tokens, max(time_ms) AS `time`
FROM request WHERE session_id IS NOT NULL
GROUP BY session_id ORDER BY requests DESC, session_id LIMIT {MOST_ROWS}"""  # noqa: S608
SLOWEST = f"{_ONE} WHERE duration_ms IS NOT NULL ORDER BY duration_ms DESC, time_ms DESC, trace_id LIMIT {MOST_ROWS}"
LATEST = f"{_ONE} ORDER BY time_ms DESC, trace_id LIMIT {MOST_ROWS}"
FAILING = f"{_ONE} WHERE failed = 1 ORDER BY time_ms DESC, trace_id LIMIT {MOST_ROWS}"
TOOLS = f"""
SELECT tool, sum(calls) AS calls, sum(failures) AS failures, {_TOOK} FROM tool_use
GROUP BY tool ORDER BY failures DESC, calls DESC, tool LIMIT {MOST_KINDS}"""  # noqa: S608
SPANS = f"""
SELECT span, sum(calls) AS calls, sum(failures) AS failures, {_TOOK} FROM span_use
GROUP BY span ORDER BY sum(took_ms) DESC, span LIMIT {MOST_KINDS}"""  # noqa: S608


def _spent_over_time(by: str, shown: str, relation: str) -> str:
    return f"""
SELECT {_BUCKET} AS `time`, {by} AS {shown}, sum(total_tokens) AS total_tokens, coalesce(sum(cost), 0.0) AS cost
FROM {relation} WHERE total_tokens > 0 AND {by} IN (
    SELECT who FROM (
        SELECT {by} AS who, sum(total_tokens) AS size FROM {relation} WHERE total_tokens > 0 AND {by} IS NOT NULL
        GROUP BY {by} ORDER BY size DESC, who LIMIT {MOST_LINES}
    ) AS most
) GROUP BY {_BUCKET}, {by} ORDER BY `time`, {by}"""  # noqa: S608


MODEL_SERIES = _spent_over_time("model", "model", "model_use")
USER_SERIES = _spent_over_time("user_id", "`user`", "request")
FEEDBACK_SERIES = f"""
SELECT {_BUCKET} AS `time`, name, count(*) AS given, avg(number) AS mean FROM feedback WHERE name IN (
    SELECT what FROM (
        SELECT name AS what, count(*) AS size FROM feedback GROUP BY name ORDER BY size DESC, what LIMIT {MOST_LINES}
    ) AS most
) GROUP BY {_BUCKET}, name ORDER BY `time`, name"""  # noqa: S608
RETENTION = """
SELECT first_, period - first_ AS later, count(*) AS users FROM (
    SELECT user_id, period, min(period) OVER (PARTITION BY user_id) AS first_ FROM (
        SELECT DISTINCT user_id, CAST(floor((time_ms - :first_period) / :period) AS BIGINT) AS period
        FROM request WHERE user_id IS NOT NULL
    ) AS seen
) AS periods LEFT ANTI JOIN earlier_user ON earlier_user.user_id = periods.user_id
GROUP BY first_, period - first_"""
FEEDBACK = f"""
SELECT name, CASE WHEN is_text = 1 THEN NULL ELSE value END AS value, count(*) AS given,
    sum(number) AS total, count(number) AS numbers
FROM feedback GROUP BY name, CASE WHEN is_text = 1 THEN NULL ELSE value END
ORDER BY given DESC, value LIMIT {MOST_KINDS}"""  # noqa: S608
_JUDGED = """SELECT name, value, time_ms AS `time`, trace_id, experiment
FROM feedback"""
DISLIKED = f"{_JUDGED} WHERE number = 0 ORDER BY time_ms DESC, trace_id LIMIT {MOST_ROWS}"
COMMENTS = f"{_JUDGED} WHERE is_text = 1 ORDER BY time_ms DESC, trace_id LIMIT {MOST_ROWS}"
