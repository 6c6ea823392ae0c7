"""Traces in Unity Catalog tables, counted by a SQL warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.databricks.experiments import WorkspaceExperiments
from otel_mlflow.backends.databricks.http import WorkspaceHttp
from otel_mlflow.backends.databricks.identity import who_am_i
from otel_mlflow.backends.databricks.trace_location import linked_location
from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.http import CONNECT_TIMEOUT
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.ops.sources.catalog_relations import over
from otel_mlflow.ops.sources.counting import count
from otel_mlflow.ops.sources.databricks_sql import WAIT, Warehouse
from otel_mlflow.ops.sources.statements import LATENCY, LatencyBy, parameters
from otel_mlflow.ops.summary import Row, Summary
from otel_mlflow.status import Experiment

if TYPE_CHECKING:
    from otel_mlflow.settings.sections import UnityCatalogSettings

READ_TIMEOUT = WAIT + 15.0
"""Seconds: the API holds its answer back on purpose."""


class UnityCatalog:
    """The experiment's traces in the workspace that `tracking_uri` means."""

    def __init__(self, tracking_uri: str, wanted: Wanted, settings: UnityCatalogSettings) -> None:
        self._tracking_uri = tracking_uri
        self._wanted = wanted
        self._settings = settings

    def summary(self, question: Question) -> Summary:
        """Have the warehouse count."""
        if self._settings.sql_warehouse_id is None:
            raise MisconfigurationError(
                "no SQL warehouse is named to count the traces", "set unity_catalog.sql_warehouse_id"
            )
        credentials = WorkspaceCredentials.resolve(self._tracking_uri)
        timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
        http = WorkspaceHttp(credentials, self._tracking_uri, connections=1, timeouts=timeouts)
        backend = f"Databricks at {credentials.host}"
        try:
            experiments = WorkspaceExperiments(http, backend, who_am_i(http, backend))
            found = self._wanted.found_by(experiments, backend)
            view = f"{_location(found, backend)}_trace_unified"
            warehouse = Warehouse(http, self._settings.sql_warehouse_id, backend)
            now, before = (CatalogCounter(warehouse, view, asked) for asked in (question, question.before()))
            experiment = Experiment(found.id, found.name, f"{credentials.host}/ml/experiments/{found.id}")
            return Summary(question, "Unity Catalog", experiment, count(now, before, question))
        finally:
            http.close()

    def refreshed(self, summary: Summary) -> Summary:
        """Nothing is known here that the warehouse has not said."""
        return summary


class CatalogCounter:
    """Counts the traces of one window in a view."""

    def __init__(self, warehouse: Warehouse, view: str, question: Question) -> None:
        self._warehouse = warehouse
        self._view = view
        self._parameters = parameters(question)

    def rows(self, statement: str) -> list[Row]:
        """Have the warehouse run a statement."""
        return self._warehouse.rows(over(self._view, statement), self._parameters)

    def latency(self, by: LatencyBy) -> dict[Any, Row]:
        """The percentiles of durations."""
        return {row.pop("by_"): row for row in self.rows(LATENCY[by])}


def _location(experiment: FoundExperiment, backend: str) -> str:
    location = linked_location(experiment)
    if location is None:
        raise MisconfigurationError(
            f"{backend} keeps the traces of {experiment.name} as files, which nobody can count in",
            "set unity_catalog.catalog and unity_catalog.schema; /metrics and /status work without",
        )
    return location.name
