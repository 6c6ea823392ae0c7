"""Whether the experiment is there, or can be made, and takes more traces."""

from __future__ import annotations

import sqlite3

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.probes import databricks_uri
from otel_mlflow.diagnosis.setup import Setup

NEARLY_FULL = 90_000
"""Traces, of the 100,000 that are published as the most that a classic Databricks experiment takes."""


def check(setup: Setup) -> CheckResult:
    """Find it as delivery does, which makes it where it is missing."""
    connected = setup.connected
    if connected.experiment is None:
        return ok(f"{connected.tracking_uri} has no experiments: an OpenTelemetry collector sorts traces by service")
    found = connected.experiment
    told = f"{found.name!r} (id {found.id}) {found.url}".rstrip()
    brought = _brought(setup) if databricks_uri(setup.settings) is not None else 0
    if brought >= NEARLY_FULL and setup.location is None:
        return warn(
            f"{told}; this host alone has brought it {brought} traces, and a classic experiment takes 100000",
            "set unity_catalog, whose tables have no such limit, or choose another experiment_name",
        )
    return ok(told)


def _brought(setup: Setup) -> int:
    """How many traces this host has delivered there: a workspace has no count to be asked for."""
    try:
        with setup.spool_admin() as spool_admin:
            return spool_admin.counts(destination_key(setup.settings)).delivered
    except (OSError, sqlite3.Error):
        return 0
