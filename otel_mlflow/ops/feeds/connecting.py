"""Connecting to each kind of backend that has MLflow's search, and finding the configured experiment there."""

from __future__ import annotations

from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.databricks.experiments import WorkspaceExperiments
from otel_mlflow.backends.databricks.http import WorkspaceHttp
from otel_mlflow.backends.databricks.identity import who_am_i
from otel_mlflow.backends.http import CONNECT_TIMEOUT
from otel_mlflow.backends.rest_experiments import RestExperiments
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from otel_mlflow.ops.feeds.rest_api import RestApi
from otel_mlflow.ops.feeds.store_api import StoreApi
from otel_mlflow.ops.feeds.trace_api import TraceApi
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.status import Experiment

READ_TIMEOUT = 60.0
"""Seconds for one page of a search over many traces."""


def to_server(uri: str, wanted: Wanted) -> tuple[TraceApi, Experiment]:
    """A tracking server."""
    credentials = TrackingCredentials.read(uri.rstrip("/"))
    client = credentials.client(connections=1, timeouts=(CONNECT_TIMEOUT, READ_TIMEOUT))
    found = wanted.found_by(RestExperiments(client, credentials.backend), credentials.backend)
    url = f"{credentials.shown_uri}/#/experiments/{found.id}"
    return RestApi(client, credentials.backend), Experiment(found.id, found.name, url)


def to_workspace(uri: str, wanted: Wanted) -> tuple[TraceApi, Experiment]:
    """A Databricks workspace that keeps traces as files: their infos can be searched."""
    credentials = WorkspaceCredentials.resolve(uri)
    http = WorkspaceHttp(credentials, uri, connections=1, timeouts=(CONNECT_TIMEOUT, READ_TIMEOUT))
    backend = f"Databricks at {credentials.host}"
    found = wanted.found_by(WorkspaceExperiments(http, backend, who_am_i(http, backend)), backend)
    return RestApi(http, backend), Experiment(found.id, found.name, f"{credentials.host}/ml/experiments/{found.id}")


def to_database(uri: str, wanted: Wanted) -> tuple[TraceApi, Experiment]:
    """A database that MLflow's store classes open in this process."""
    api = StoreApi(uri)
    found = api.found(wanted)
    return api, Experiment(found.id, found.name, "")
