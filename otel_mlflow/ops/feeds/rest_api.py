"""MLflow's tracking API over REST: a tracking server's, or a Databricks workspace's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.ops.feeds.trace_api import (
    PAGE_SIZE,
    Json,
    Measure,
    NotOfferedError,
    Scope,
    SpanSummary,
    Times,
    metrics_request,
    milliseconds,
    search_filter,
)

EXPERIMENTS = "/api/2.0/mlflow/experiments/search"
TRACES = "/api/3.0/mlflow/traces"
NOT_OFFERED = (400, 404, 405, 501)
MOST_EXPERIMENTS = 1000


class RestApi:
    """One backend, which `backend` names for people."""

    def __init__(self, client: HttpClient, backend: str) -> None:
        self._client = client
        self._backend = backend

    def experiments(self) -> list[str]:
        """The ids of all that are not deleted, up to a thousand."""
        answer = self._client.post_json(EXPERIMENTS, {"max_results": MOST_EXPERIMENTS})
        return [each["experiment_id"] for each in self._checked(answer).get("experiments", ())]

    def search(self, scope: Scope, condition: str, *, limit: int, page_token: str | None) -> tuple[list[Json], str]:
        """Trace infos, the newest first, and the token of the page after them."""
        body: Json = {
            "locations": [
                {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
                for experiment_id in scope.experiment_ids
            ],
            "filter": search_filter(scope, condition),
            "max_results": min(limit, PAGE_SIZE),
            "order_by": ["timestamp_ms DESC"],
        }
        if page_token:
            body["page_token"] = page_token
        found = self._checked(self._client.post_json(f"{TRACES}/search", body))
        return found.get("traces", []), found.get("next_page_token", "")

    def metrics(self, scope: Scope, measure: Measure, times: Times) -> list[Json]:
        """A measure by step."""
        answer = self._client.post_json(f"{TRACES}/metrics", metrics_request(scope, measure, times))
        self._check_offered(answer, "trace metrics")
        found: list[Json] = self._checked(answer).get("data_points", [])
        return found

    def spans(self, trace_ids: Sequence[str]) -> Mapping[str, list[SpanSummary]]:
        """The spans of traces."""
        asked = urlencode([("trace_ids", trace_id) for trace_id in trace_ids])
        answer = self._client.get(f"{TRACES}/batchGet?{asked}", {})
        self._check_offered(answer, "the spans of traces")
        found = self._checked(answer).get("traces", ())
        return {each["trace_info"]["trace_id"]: list(map(_span_summary, each.get("spans", ()))) for each in found}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _check_offered(self, answer: Response, what: str) -> None:
        if answer.status in NOT_OFFERED:
            raise NotOfferedError(f"{self._backend} does not tell {what}", "upgrade it to MLflow 3.17 or newer")

    def _checked(self, answer: Response) -> Json:
        if answer.status != 200:
            raise error_for(answer, self._backend)
        found: Json = answer.json()
        return found


def _span_summary(span: Mapping[str, Any]) -> SpanSummary:
    """Of a span in OTLP's JSON."""
    attributes = {each["key"]: _value(each.get("value", {})) for each in span.get("attributes", ())}
    is_failed = span.get("status", {}).get("code") == "STATUS_CODE_ERROR"
    duration = milliseconds(span.get("start_time_unix_nano"), span.get("end_time_unix_nano"))
    return SpanSummary(span.get("name", ""), attributes, is_failed, duration)


def _value(value: Mapping[str, Any]) -> Any:
    """An OTLP `AnyValue`; in JSON, whole numbers are text."""
    for kind, found in value.items():
        if kind == "kvlist_value":
            return {each["key"]: _value(each.get("value", {})) for each in found.get("values", ())}
        return int(found) if kind == "int_value" else found
    return None
