"""Traces in Unity Catalog tables, counted by a SQL warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_mlflow.delivery.destinations.experiments import FoundExperiment
from otel_mlflow.delivery.destinations.http import CONNECT_TIMEOUT
from otel_mlflow.diagnosis.status import Experiment
from otel_mlflow.errors import NeedsRepair
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.catalog_relations import over
from otel_mlflow.ops.sources.counting import count
from otel_mlflow.ops.sources.databricks_sql import WAIT, Warehouse
from otel_mlflow.ops.sources.statements import parameters
from otel_mlflow.ops.summary import Row, Summary
from otel_mlflow.workspace.credentials import WorkspaceCredentials
from otel_mlflow.workspace.experiments import WorkspaceExperiments
from otel_mlflow.workspace.http import WorkspaceHttp
from otel_mlflow.workspace.identity import who_am_i
from otel_mlflow.workspace.trace_location import linked_location

if TYPE_CHECKING:
    from otel_mlflow.settings.sections import UnityCatalogSettings

READ_TIMEOUT = WAIT + 15.0
"""Seconds: the API holds its answer back on purpose."""


class UnityCatalog:
    """The experiment's traces in the workspace that `tracking_uri` means."""

    def __init__(
        self, tracking_uri: str, *, experiment_name: str, experiment_id: str | None, settings: UnityCatalogSettings
    ) -> None:
        self._tracking_uri = tracking_uri
        self._experiment_name = experiment_name
        self._experiment_id = experiment_id
        self._settings = settings

    def summary(self, question: Question) -> Summary:
        """Have the warehouse count."""
        if self._settings.sql_warehouse_id is None:
            raise NeedsRepair("no SQL warehouse is named to count the traces", "set unity_catalog.sql_warehouse_id")
        credentials = WorkspaceCredentials.resolve(self._tracking_uri)
        timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
        http = WorkspaceHttp(credentials, self._tracking_uri, connections=1, timeouts=timeouts)
        backend = f"Databricks at {credentials.host}"
        try:
            found = self._experiment(http, backend)
            view = f"{_location(found, backend)}_trace_unified"
            warehouse = Warehouse(http, self._settings.sql_warehouse_id, backend)

            def ask(statement: str) -> list[Row]:
                return warehouse.rows(over(view, statement), parameters(question))

            experiment = Experiment(found.id, found.name, f"{credentials.host}/ml/experiments/{found.id}")
            return Summary(question, "Unity Catalog", experiment, count(ask, question))
        finally:
            http.close()

    def _experiment(self, http: WorkspaceHttp, backend: str) -> FoundExperiment:
        experiments = WorkspaceExperiments(http, backend, who_am_i(http, backend))
        by_id, name = self._experiment_id, self._experiment_name
        found = experiments.by_id(by_id) if by_id else experiments.by_name(name)
        if found is None:
            wanted = f"id {by_id}" if by_id else repr(name)
            raise NeedsRepair(
                f"{backend} has no experiment {wanted}", "wait for the first trace, or correct experiment_name"
            )
        return found


def _location(experiment: FoundExperiment, backend: str) -> str:
    location = linked_location(experiment)
    if location is None:
        raise NeedsRepair(
            f"{backend} keeps the traces of {experiment.name} as files, which nobody can count in",
            "set unity_catalog.catalog and unity_catalog.schema; /metrics and /status work without",
        )
    return location.name
