"""A Databricks workspace: which one is meant, what it lets us do, and where it keeps traces."""

from __future__ import annotations

import functools
from concurrent.futures import wait
from typing import Any

from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.databricks.http import WorkspaceHttp
from otel_mlflow.backends.databricks.identity import who_am_i
from otel_mlflow.backends.databricks.trace_location import TraceLocation, linked_location
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.backends.rest_experiments import RestExperiments
from otel_mlflow.delivery.destinations.unity_catalog import TRACES
from otel_mlflow.diagnosis.background import in_background
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.errors import DeliveryError
from otel_mlflow.settings.environment import text_of

OPEN_TO_ALL = "/.well-known/databricks-config"
"""What databricks-sdk asks a host first, without credentials."""

SDK_IS_AHEAD = 1.0
"""Seconds that a host has for a response after databricks-sdk has given up."""

CATALOG = "/api/2.1/unity-catalog"


class WorkspaceProbe:
    """The workspace that `tracking_uri` means; `timeouts` are seconds for connecting and for a response."""

    def __init__(self, tracking_uri: str, timeouts: tuple[float, float]) -> None:
        self._tracking_uri = tracking_uri
        self._timeouts = timeouts

    @functools.cached_property
    def credentials(self) -> WorkspaceCredentials:
        """As whom, and where.

        Raises `MisconfigurationError` and `RetryableError` as `WorkspaceCredentials.resolve` does; first of all
        that the host does not answer, for which databricks-sdk has many words.
        """
        asked = in_background(self._ask_named_host)
        try:
            return WorkspaceCredentials.resolve(self._tracking_uri)
        except DeliveryError:
            wait([asked], timeout=SDK_IS_AHEAD)
            if asked.done():
                asked.result()
            raise

    @functools.cached_property
    def identity(self) -> str:
        """Who we are to the workspace. Raises `DeliveryError` where it does not let us in."""
        return who_am_i(self._http, self._backend)

    def reach(self) -> CheckResult:
        """Get any response, without credentials."""
        host = self.credentials.host
        response = self._ask(host)
        if response.status == 200 and not response.is_html:
            return ok(f"{host} answers")
        return warn(
            f"{host} answers, but not as a Databricks workspace does: {response.status} when asked for {OPEN_TO_ALL}",
            "check that the host is the workspace's address, and not of something in front of it",
        )

    def identify(self) -> CheckResult:
        """Ask who we are."""
        credentials = self.credentials
        return ok(f"{credentials.host} lets us in as {self.identity} ({credentials.auth_type}, {credentials.source})")

    def location_of(self, experiment_id: str) -> TraceLocation | None:
        """The tables that keep an experiment's traces; None where artifact storage does."""
        found = RestExperiments(self._http, self._backend).by_id(experiment_id)
        return linked_location(found) if found is not None else None

    def read(self, trace_id: str, location: TraceLocation, warehouse: str | None) -> dict[str, Any] | None:
        """A trace in tables, as JSON; None while it is not to be seen there."""
        named = {"trace_ids": trace_id.removeprefix("tr-"), **({"sql_warehouse_id": warehouse} if warehouse else {})}
        found = self._get(f"{TRACES}/{location.name}/batchGet", named).get("traces", [])
        return next(iter(found), None)

    def has_table(self, table: str) -> bool:
        """Whether a table is there, and may be seen."""
        response = self._http.get(f"{CATALOG}/tables/{table}", {})
        if response.status in (403, 404):
            return False
        if response.status != 200:
            raise error_for(response, self._backend)
        return True

    def privileges(self, kind: str, name: str) -> set[str]:
        """What we are granted on a `catalog`, `schema` or `table`, also by what it is in and by our groups."""
        path = f"{CATALOG}/effective-permissions/{kind}/{name}"
        assignments = self._get(path, {"principal": self.identity}).get("privilege_assignments", [])
        return {each["privilege"] for assignment in assignments for each in assignment.get("privileges", [])}

    def _ask_named_host(self) -> None:
        if host := text_of("DATABRICKS_HOST"):
            self._ask(host if "://" in host else f"https://{host}")

    def _ask(self, host: str) -> Response:
        return HttpClient(host, {}, timeouts=self._timeouts).get(OPEN_TO_ALL, {})

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        return json_from(self._http.get(path, parameters), self._backend)

    @functools.cached_property
    def _http(self) -> WorkspaceHttp:
        return WorkspaceHttp(self.credentials, self._tracking_uri, connections=1, timeouts=self._timeouts)

    @property
    def _backend(self) -> str:
        return f"Databricks at {self.credentials.host}"
