"""Traces in Unity Catalog tables: the spans of many traces in one OTLP request, and the info of each."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.databricks.trace_location import TraceLocation, check_on
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import check_spans_taken
from otel_mlflow.backends.response import Response
from otel_mlflow.delivery.destinations.assessments import log_assessment
from otel_mlflow.delivery.destinations.databricks_info import workspace_info
from otel_mlflow.delivery.destinations.databricks_place import Place, Refusals
from otel_mlflow.delivery.destinations.databricks_rate import Rate
from otel_mlflow.delivery.destinations.databricks_structure import structured, structured_request
from otel_mlflow.delivery.destinations.otlp import PROTOBUF, attributed_to, has_root, spans_in
from otel_mlflow.delivery.destinations.request_runs import RequestRuns
from otel_mlflow.delivery.destinations.trace_info import latest_info
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import TraceNotFoundError

OTLP = "/api/2.0/otel/v1/traces"
TABLE_HEADER = "X-Databricks-UC-Table-Name"
TRACES = "/api/4.0/mlflow/traces"
SCHEMA_VERSION = {"mlflow.trace_schema.version": "4"}
"""What MLflow's own client writes for traces in Unity Catalog (`mlflow.tracing.processor.uc_table`)."""


class CatalogTraces:
    """Traces of the workspace behind `http` that are kept in tables."""

    def __init__(self, http: HttpClient, runs: RequestRuns, rate: Rate, *, backend: str, senders: int) -> None:
        self._http = http
        self._runs = runs
        self._rate = rate
        self._backend = backend
        self._senders = senders
        self._locations: dict[str, TraceLocation] = {}

    def probe(self, location: TraceLocation) -> None:
        """Raise `UnityCatalogOffError` where the workspace takes no spans over OTLP; sends it none."""
        self._post_spans(b"", location)
        self._locations[location.name] = location

    def send(self, batch: Sequence[SpooledTrace], place: Place, location: TraceLocation) -> None:
        """Spans first: a trace without any looks broken, spans without a trace are not seen."""
        refusals = Refusals(place, self._backend)
        spans = b"".join(trace.spans for trace in batch)
        if spans:
            with attributed_to(batch):
                self._send_spans(structured_request(spans), location)
        send_info = functools.partial(self._send_info, place=place, location=location, refusals=refusals)
        map_parallel(latest_info(batch), send_info, threads=min(self._senders, len(batch)))
        refusals.check(batch)

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment at the place where the trace is. Raises `TraceNotFoundError` where it is at none."""
        for location in tuple(self._locations.values()):
            try:
                self._log_assessment(feedback, location)
            except TraceNotFoundError:
                continue
            return
        raise TraceNotFoundError(f"{self._backend} does not know trace {feedback.trace_id}")

    def _send_spans(self, spans: bytes, location: TraceLocation) -> None:
        check_spans_taken(self._post_spans(spans, location), self._backend, may_be_bare=True)

    def _post_spans(self, spans: bytes, location: TraceLocation) -> Response:
        headers = {**PROTOBUF, TABLE_HEADER: location.spans_table}
        response = self._http.post(OTLP, spans, headers)
        if response.status != 200:
            check_on(response, self._backend)
        return response

    def _send_info(self, trace: SpooledTrace, *, place: Place, location: TraceLocation, refusals: Refusals) -> None:
        run_id = self._runs.run_of(trace, place.experiment.id)
        self._rate.wait()
        path = f"{TRACES}/{location.name}/{_otel_id(trace.trace_id)}/info"
        spans = [structured(span) for span in spans_in([trace.spans])]
        earlier = {} if has_root(spans) else self._http.get(path, {}).json().get("trace", {}).get("trace_info", {})
        info = workspace_info(trace, place.experiment.id, run_id, spans, earlier)
        refusals.takes(self._http.post_json(path, _in_tables(info, location)), trace)

    def _log_assessment(self, feedback: SpooledFeedback, location: TraceLocation) -> None:
        trace_id = _otel_id(feedback.trace_id)
        fields = json.loads(feedback.payload)["assessment"]
        body = {**fields, "trace_id": trace_id, "trace_location": location.identifier}
        path = f"{TRACES}/{location.name}/{trace_id}/assessments"
        log_assessment(self._http, self._backend, feedback, path, json.dumps(body).encode())


def _otel_id(trace_id: str) -> str:
    """Tables know a trace by OpenTelemetry's id."""
    return trace_id.removeprefix("tr-")


def _in_tables(info: dict[str, Any], location: TraceLocation) -> dict[str, Any]:
    return {
        **info,
        "trace_id": _otel_id(info["trace_id"]),
        "trace_location": location.identifier,
        "trace_metadata": {**info["trace_metadata"], **SCHEMA_VERSION},
    }
