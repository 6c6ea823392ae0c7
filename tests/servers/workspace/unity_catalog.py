"""Traces in Unity Catalog tables: locations, OTLP ingest, trace infos, reading back, and the warehouse that reads."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from mlflow.protos.databricks_tracing_pb2 import TraceInfo
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers.workspace.asked import Asked, FailedError, Reply, invalid, missing
from tests.servers.workspace.experiments import Experiments
from tests.servers.workspace.routing import Routes
from tests.servers.workspace.searching import matcher, page
from tests.servers.workspace.traces import check_lengths, look_up

V4, V5 = "/api/4.0/mlflow/traces", "/api/5.0/mlflow"
TAG = "mlflow.experiment.databricksTraceDestinationPath"
SPANS_TAG = "mlflow.experiment.databricksTraceSpanStorageTable"
Row = dict[str, Any]


class UnityCatalog:
    """Trace locations by `catalog.schema.prefix`, and what has come to each."""

    def __init__(self, experiments: Experiments) -> None:
        self.enabled = True
        """Whether the workspace has the feature at all."""
        self.ingests = True
        """Whether it takes spans; the preview "OpenTelemetry Collector for Delta Tables"."""
        self.schemas = {"main.default"}
        self.locations: dict[str, Row] = {}
        self.infos: dict[str, dict[str, Row]] = defaultdict(dict)
        """By location, then by trace id without `tr-`."""
        self.spans: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
        """By table, then by trace and span id in hexadecimal."""
        self.batches: list[int] = []
        """How many traces each OTLP request held."""
        self._experiments = experiments

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", f"{V5}/tracing/locations", self._create_location)
        routes.add("POST", f"{V5}/experiments/{{experiment_id}}/trace-location:link", self._link)
        routes.add("POST", "/api/2.0/otel/v1/traces", self._ingest)
        routes.add("POST", f"{V4}/{{location}}/{{trace_id}}/info", self._take_info)
        routes.add("GET", f"{V4}/{{location}}/{{trace_id}}/info", self._info)
        routes.add("GET", f"{V4}/{{location}}/batchGet", self._batch_get)
        routes.add("POST", f"{V4}/search-long-running", self._search)
        routes.add("POST", f"{V4}/{{location}}/{{trace_id}}/assessments", self._assess)
        routes.add("GET", f"{V4}/{{location}}/{{trace_id}}/assessments/{{assessment_id}}", self._assessment)
        routes.add("POST", f"{V4}/{{location}}/link-to-run/batchCreate", lambda asked, location: {})
        routes.add("GET", "/api/2.0/sql/warehouses/{warehouse}", _warehouse)

    def get(self, location: str, trace_id: str) -> Row:
        """The info of one trace."""
        if trace_id not in self.infos[location]:
            raise missing(f"Trace {trace_id} not found in {location}.")
        return self.infos[location][trace_id]

    def spans_of(self, location: str, trace_id: str) -> list[Row]:
        """The spans of one trace, as OTLP in JSON."""
        table = self.spans[f"{location}_otel_spans"]
        return [span for (trace, _), span in table.items() if trace == trace_id]

    def _check_enabled(self) -> None:
        if not self.enabled:
            raise switched_off("Traces in Unity Catalog")

    def _create_location(self, asked: Asked) -> Row:
        self._check_enabled()
        wanted = asked.json()["uc_table_prefix"]
        schema = f"{wanted['catalog_name']}.{wanted['schema_name']}"
        if schema not in self.schemas:
            raise missing(f"Schema '{schema}' does not exist.")
        name = f"{schema}.{wanted['table_prefix']}"
        tables = {"spans_table_name": f"{name}_otel_spans", "logs_table_name": f"{name}_otel_logs"}
        self.locations[name] = {**wanted, **tables, "annotations_table_name": f"{name}_otel_annotations"}
        return {"uc_table_prefix": self.locations[name]}

    def _link(self, asked: Asked, experiment_id: str) -> Row:
        self._check_enabled()
        wanted = asked.json()["uc_table_prefix"]
        name = f"{wanted['catalog_name']}.{wanted['schema_name']}.{wanted['table_prefix']}"
        self._experiments.usable(experiment_id)
        self._experiments.set_tag(experiment_id, TAG, name)
        self._experiments.set_tag(experiment_id, SPANS_TAG, f"{name}_otel_spans")
        return {}

    def _ingest(self, asked: Asked) -> Reply:
        self._check_enabled()
        if not self.ingests:
            raise switched_off("OpenTelemetry Collector for Delta Tables")
        table = asked.headers.get("x-databricks-uc-table-name", "")
        if table.removesuffix("_otel_spans") not in self.locations:
            raise missing(f"Table {table} does not exist.")
        request = ExportTraceServiceRequest.FromString(asked.body)
        spans = [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
        for span in spans:
            row = MessageToDict(span, preserving_proto_field_name=True)
            self.spans[table][span.trace_id.hex(), span.span_id.hex()] = row
        if spans:
            self.batches.append(len({span.trace_id for span in spans}))
        return Reply(body=b"", headers={"Content-Type": "application/x-protobuf"})

    def _take_info(self, asked: Asked, location: str, trace_id: str) -> Row:
        self._check_enabled()
        try:
            message = ParseDict(asked.json(), TraceInfo())
        except ParseError as error:
            raise invalid(str(error)) from error
        if location not in self.locations:
            raise missing(f"Location {location} does not exist.")
        info = MessageToDict(message, preserving_proto_field_name=True)
        check_lengths(info)
        self.infos[location][trace_id] = info
        return info

    def _info(self, asked: Asked, location: str, trace_id: str) -> Row:
        return {"trace": {"trace_info": self.get(location, trace_id)}}

    def _batch_get(self, asked: Asked, location: str) -> Row:
        found = [trace_id for trace_id in asked.queries("trace_ids") if trace_id in self.infos[location]]
        traces = [{"trace_info": self.get(location, each), "spans": self.spans_of(location, each)} for each in found]
        return {"traces": traces}

    def _search(self, asked: Asked) -> Row:
        wanted = asked.json()
        if any("mlflow_experiment" in location for location in wanted["locations"]):
            raise FailedError(404, "ENDPOINT_NOT_FOUND", "Experiments are searched with version 3.")
        matches = matcher(wanted.get("filter", ""), look_up)
        names = [_name(location["uc_table_prefix"]) for location in wanted["locations"]]
        found = [info for name in names for info in self.infos[name].values() if matches(info)]
        infos, token = page(sorted(found, key=lambda info: str(info["request_time"]), reverse=True), wanted)
        return {"name": "1", "done": True, "response": {"trace_infos": infos, "next_page_token": token}}

    def _assess(self, asked: Asked, location: str, trace_id: str) -> Row:
        assessment: Row = asked.json()
        self.get(location, trace_id).setdefault("assessments", []).append(assessment)
        return assessment

    def _assessment(self, asked: Asked, location: str, trace_id: str, assessment_id: str) -> Row:
        for assessment in self.get(location, trace_id).get("assessments", []):
            if assessment.get("assessment_id") == assessment_id:
                return {"assessment": assessment}
        raise missing(f"Assessment {assessment_id} not found.")


def switched_off(feature: str) -> FailedError:
    """A preview that nobody has switched on."""
    return FailedError(404, "ENDPOINT_NOT_FOUND", f"{feature} is not enabled in this workspace.")


def _name(location: Row) -> str:
    return f"{location['catalog_name']}.{location['schema_name']}.{location['table_prefix']}"


def _warehouse(asked: Asked, warehouse: str) -> Row:
    return {"id": warehouse, "state": "RUNNING"}
