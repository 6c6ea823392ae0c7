"""The Unity Catalog tables that an experiment's traces are kept in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from, unexpected
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.errors import MisconfigurationError, RejectedError

if TYPE_CHECKING:
    from otel_mlflow.settings.sections import UnityCatalogSettings

PATH_TAG = "mlflow.experiment.databricksTraceDestinationPath"
TABLE_TAG = "mlflow.experiment.databricksTraceSpanStorageTable"
"""Tags of an experiment that is linked to tables (`mlflow.utils.mlflow_tags`)."""

NOT_THERE = "ENDPOINT_NOT_FOUND"
"""What a workspace calls an API that it does not have, or has switched off."""

LOCATIONS = "/api/5.0/mlflow/tracing/locations"
LINK = "/api/5.0/mlflow/experiments/{experiment_id}/trace-location:link"


class UnityCatalogOffError(MisconfigurationError):
    """The workspace does not keep traces in Unity Catalog."""


@dataclass(frozen=True)
class TraceLocation:
    """Tables of one catalog and schema whose names begin alike."""

    catalog: str
    schema: str
    prefix: str
    spans_table: str
    """The full name of the table that takes spans."""

    @property
    def name(self) -> str:
        """The location as MLflow writes it in paths and in ids of traces."""
        return f"{self.catalog}.{self.schema}.{self.prefix}"

    @property
    def identifier(self) -> dict[str, Any]:
        """The location as MLflow's API wants it (`TraceLocation` in `databricks_tracing.proto`)."""
        return {"type": "UC_TABLE_PREFIX", "uc_table_prefix": self.body}

    @property
    def body(self) -> dict[str, str]:
        """The names it consists of (`UcTablePrefixLocation`)."""
        return {"catalog_name": self.catalog, "schema_name": self.schema, "table_prefix": self.prefix}


def linked_location(experiment: FoundExperiment) -> TraceLocation | None:
    """Where the experiment's traces are by its own tags; None for a classic experiment."""
    path = experiment.tags.get(PATH_TAG, "")
    if path.count(".") != 2:
        return None
    catalog, schema, prefix = path.split(".")
    return TraceLocation(catalog, schema, prefix, experiment.tags.get(TABLE_TAG) or f"{path}_otel_spans")


def link(http: HttpClient, backend: str, experiment: FoundExperiment, wanted: UnityCatalogSettings) -> TraceLocation:
    """Make the tables where they are missing, and have the experiment's traces kept in them.

    Without `table_prefix` their names begin with the experiment's id, as MLflow has it. Raises `UnityCatalogOffError`
    where the workspace has the feature switched off, `MisconfigurationError` where the tables cannot be made.
    """
    prefix = wanted.table_prefix or experiment.id
    names = {"catalog_name": wanted.catalog, "schema_name": wanted.schema, "table_prefix": prefix}
    path = f"{wanted.catalog}.{wanted.schema}.{prefix}"
    linked = linked_location(experiment)
    if linked is not None:
        return _same(linked, path, experiment)
    warehouse = {"sql_warehouse_id": wanted.sql_warehouse_id} if wanted.sql_warehouse_id else {}
    response = http.post_json(LOCATIONS, {"uc_table_prefix": names, **warehouse})
    _check(response, backend, f"make the tables {path}_*")
    made = response.json().get("uc_table_prefix")
    if not isinstance(made, dict):
        raise unexpected(response, backend)
    body = {"experiment_id": experiment.id, "uc_table_prefix": made}
    _check(http.post_json(LINK.format(experiment_id=experiment.id), body), backend, f"link them to {experiment.name}")
    table = made.get("spans_table_name") or f"{path}_otel_spans"
    return TraceLocation(str(wanted.catalog), str(wanted.schema), prefix, table)


def check_on(response: Response, backend: str) -> None:
    """Raise `UnityCatalogOffError` where the response says that the workspace has the feature switched off."""
    unknown = response.status in (404, 501) and response.error_code in ("", NOT_THERE)
    if unknown or NOT_THERE in response.text:
        raise UnityCatalogOffError(
            f"{backend} has traces in Unity Catalog switched off: {response.text}",
            "have the preview 'OpenTelemetry on Databricks' switched on, or unset unity_catalog",
        )


def _check(response: Response, backend: str, what: str) -> None:
    check_on(response, backend)
    if response.status == 200:
        json_from(response, backend)
        return
    error = error_for(response, backend)
    if isinstance(error, (RejectedError, MisconfigurationError)):
        raise MisconfigurationError(
            f"cannot {what}: {error.reason}",
            "check unity_catalog.catalog and unity_catalog.schema, and grant USE CATALOG, USE SCHEMA and CREATE TABLE",
        )
    raise error


def _same(linked: TraceLocation, wanted: str, experiment: FoundExperiment) -> TraceLocation:
    if linked.name != wanted:
        raise MisconfigurationError(
            f"experiment {experiment.name!r} keeps its traces in {linked.name}, not in {wanted}",
            "choose another experiment_name, or set unity_catalog to where it keeps them",
        )
    return linked
