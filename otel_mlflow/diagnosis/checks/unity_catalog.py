"""Whether the Unity Catalog tables are there, and may be written to and read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup

if TYPE_CHECKING:
    from otel_mlflow.backends.databricks.trace_location import TraceLocation


def check(setup: Setup) -> CheckResult:
    """Look at the tables that the experiment is linked to."""
    location = setup.location
    if location is None:
        return _unlinked(setup)
    if not setup.workspace.has_table(location.spans_table):
        return fail(
            f"{setup.workspace.identity} cannot see the table {location.spans_table}, or it is not there",
            f"grant USE CATALOG on {location.catalog} and USE SCHEMA on {location.catalog}.{location.schema}; if the "
            "table was dropped, choose another unity_catalog.table_prefix and experiment_name",
        )
    lacking = list(_lacking(setup, location))
    if lacking:
        return warn(
            f"{setup.workspace.identity} is not granted {', '.join(lacking)}",
            "grant it, unless the table's owner writes the traces; ALL PRIVILEGES does not stand for MODIFY and SELECT "
            "on tables of traces",
        )
    return ok(f"spans are kept in the table {location.spans_table}, which may be written to and read")


def _unlinked(setup: Setup) -> CheckResult:
    if setup.settings.unity_catalog.catalog:
        return warn(
            setup.connected.note or "the experiment is not linked to tables, though unity_catalog is set",
            "have the preview 'OpenTelemetry on Databricks' switched on in the workspace, or unset unity_catalog",
        )
    return ok("it is not used: unity_catalog is not set, and the experiment is not linked to tables")


def _lacking(setup: Setup, location: TraceLocation) -> Iterator[str]:
    needed = {
        ("catalog", location.catalog): ("USE_CATALOG",),
        ("schema", f"{location.catalog}.{location.schema}"): ("USE_SCHEMA",),
        ("table", location.spans_table): ("MODIFY", "SELECT"),
    }
    for (kind, name), privileges in needed.items():
        granted = setup.workspace.privileges(kind, name)
        yield from (f"{privilege} on {kind} {name}" for privilege in privileges if privilege not in granted)
