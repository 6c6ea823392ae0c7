"""The relations of `statements`, in Databricks SQL, over the view of an experiment's traces in Unity Catalog.

MLflow's service keeps `<prefix>_trace_unified` beside the tables, a row for each trace. Its columns, as published:
`trace_id`, `client_request_id`, `request_time`, `state`, `execution_duration_ms`, `trace_metadata` and `tags` (maps),
`spans` and `assessments` (lists of structs).
https://docs.databricks.com/aws/en/mlflow3/genai/tracing/observe-with-traces/query-dbsql
"""

from __future__ import annotations

from otel_mlflow.ops.index.entry import LARGEST_NUMBER

_RELATIONS = """
WITH trace AS (
    SELECT trace_id, client_request_id, unix_millis(request_time) AS time_ms, state,
        CAST(round(execution_duration_ms) AS BIGINT) AS duration_ms, tags, spans, assessments,
        trace_metadata['mlflow.trace.user'] AS user_id, trace_metadata['mlflow.trace.session'] AS session_id
    FROM {view}
    WHERE request_time >= timestamp_millis(:start) AND request_time < timestamp_millis(:end)
        AND (:route IS NULL OR tags['mlflow.traceName'] = :route)
        AND (:user IS NULL OR trace_metadata['mlflow.trace.user'] = :user)
        AND (:session IS NULL OR trace_metadata['mlflow.trace.session'] = :session)
        AND (:service IS NULL OR tags['service.name'] = :service)
        AND (:version IS NULL OR tags['service.version'] = :version)
        AND (:slower_than IS NULL OR execution_duration_ms >= :slower_than)
), span AS (
    -- Attributes are a map or a variant, depending on when the tables were made.
    SELECT trace_id, time_ms, coalesce(one.parent_span_id, '') = '' AS is_root, one.name,
        one.status.code LIKE '%ERROR' AS failed,
        (one.end_time_unix_nano - one.start_time_unix_nano) DIV 1000000 AS took_ms,
        from_json(to_json(one.attributes), 'MAP<STRING, STRING>') AS said
    FROM trace LATERAL VIEW explode(spans) AS one
), model_use AS (
    SELECT trace_id, time_ms, 1 AS calls, took_ms, trim(BOTH '"' FROM said['mlflow.llm.model']) AS model,
        CAST(get_json_object(said['mlflow.chat.tokenUsage'], '$.input_tokens') AS BIGINT) AS input_tokens,
        CAST(get_json_object(said['mlflow.chat.tokenUsage'], '$.output_tokens') AS BIGINT) AS output_tokens,
        CAST(get_json_object(said['mlflow.chat.tokenUsage'], '$.total_tokens') AS BIGINT) AS total_tokens,
        CAST(get_json_object(said['mlflow.llm.cost'], '$.total_cost') AS DOUBLE) AS cost
    FROM span
    WHERE trim(BOTH '"' FROM said['mlflow.spanType']) IN ('CHAT_MODEL', 'LLM', 'EMBEDDING')
        AND said['mlflow.llm.model'] IS NOT NULL
), tool_use AS (
    SELECT name AS tool, 1 AS calls, CAST(failed AS INT) AS failures, took_ms
    FROM span WHERE trim(BOTH '"' FROM said['mlflow.spanType']) = 'TOOL'
), span_use AS (
    SELECT name AS span, 1 AS calls, CAST(failed AS INT) AS failures, took_ms
    FROM span WHERE NOT is_root AND coalesce(trim(BOTH '"' FROM said['mlflow.spanType']), '') != 'TOOL'
), used AS (
    SELECT trace_id, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(total_tokens) AS total_tokens, sum(cost) AS cost
    FROM model_use GROUP BY trace_id
), request AS (
    SELECT concat('tr-', trace.trace_id) AS trace_id, CAST(NULL AS STRING) AS experiment, time_ms, duration_ms,
        CAST(get_json_object(tags['otel_mlflow.summary'], '$.ttfb_ms') AS DOUBLE) AS ttfb_ms,
        get_json_object(tags['otel_mlflow.summary'], '$.error') AS error_type, tags['service.name'] AS service,
        tags['service.version'] AS version,
        coalesce(tags['mlflow.traceName'], '') AS route,
        CAST(state = 'ERROR' AND coalesce(tags['otel_mlflow.outcome'], '') != 'cancelled' AS INT) AS failed,
        CAST(coalesce(tags['otel_mlflow.outcome'], '') = 'cancelled' AS INT) AS cancelled,
        try_cast(regexp_extract(tags['http.status_code'], '^[0-9]{{1,3}}$', 0) AS INT) AS status_code,
        user_id, session_id, client_request_id AS request_id, input_tokens, output_tokens, total_tokens, cost
    FROM trace LEFT JOIN used ON used.trace_id = trace.trace_id
), feedback AS (
    SELECT trace_id, CAST(NULL AS STRING) AS experiment, time_ms, name, number, CAST(number IS NULL AS INT) AS is_text,
        CASE WHEN json LIKE '"%' THEN get_json_object(concat('[', json, ']'), '$[0]') ELSE json END AS value
    FROM (
        SELECT concat('tr-', trace.trace_id) AS trace_id, time_ms, given.assessment_name AS name,
            given.feedback.value AS json, try_cast(given.feedback.value AS DOUBLE) AS amount,
            CASE WHEN lower(json) IN ('true', '"yes"') THEN 1.0 WHEN lower(json) IN ('false', '"no"') THEN 0.0
                WHEN abs(amount) <= {largest} THEN amount END AS number
        FROM trace LATERAL VIEW explode(assessments) AS given
        WHERE given.feedback.value != 'null' AND coalesce(CAST(given.valid AS STRING), 'true') = 'true'
    ) AS judged
), earlier_user AS (
    SELECT DISTINCT trace_metadata['mlflow.trace.user'] AS user_id
    FROM {view}
    WHERE request_time >= timestamp_millis(:earlier) AND request_time < timestamp_millis(:start)
)
"""


def over(view: str, statement: str) -> str:
    """A statement over the relations of the traces in a view, given as `catalog.schema.name`."""
    quoted = ".".join(f"`{part.replace('`', '``')}`" for part in view.split("."))
    return _RELATIONS.format(view=quoted, largest=LARGEST_NUMBER) + statement
