"""The backends that traces can be delivered to, and which of them the settings mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from otel_mlflow.backends.databricks.configured_host import configured_host
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings.addresses import redacted_address
from otel_mlflow.settings.values import whole_path

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

EXPERIMENT = " experiment "
WORKSPACE = " workspace "
DATABRICKS = "databricks"
DEFAULT_EXPERIMENT = "otel-mlflow"


def destination_for(settings: Settings) -> Destination:
    """The backend that the settings mean."""
    from otel_mlflow.backends.client_settings import response_timeout
    from otel_mlflow.backends.http import CONNECT_TIMEOUT, READ_TIMEOUT
    from otel_mlflow.delivery.destinations.collector import Collector
    from otel_mlflow.delivery.destinations.collector_beside_mlflow import CollectorBesideMlflow
    from otel_mlflow.delivery.destinations.databricks import Databricks
    from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
    from otel_mlflow.delivery.destinations.tracking_store import TrackingStore

    uri = settings.tracking_uri or ""
    name, experiment_id = experiment_name(settings), settings.experiment_id
    timeouts = (CONNECT_TIMEOUT, response_timeout(READ_TIMEOUT))

    def mlflow_server() -> MlflowServer:
        return MlflowServer(
            uri, experiment_name=name, experiment_id=experiment_id, timeouts=timeouts, workspace=settings.workspace
        )

    is_server = uri.startswith(("http://", "https://"))
    if settings.tracing.backend == "otlp":
        collector = Collector(settings.otlp.endpoint or "", settings.otlp.headers)
        if not is_server:
            return collector
        return CollectorBesideMlflow(collector, mlflow_server(), is_sampled=settings.otlp.sampled)
    if uri.startswith(DATABRICKS):
        return Databricks(
            uri,
            experiment_name=name,
            experiment_id=experiment_id,
            unity_catalog=settings.unity_catalog,
            timeouts=timeouts,
            state_folder=settings.delivery.spool_dir,
        )
    if is_server:
        return mlflow_server()
    return TrackingStore(uri, experiment_name=name, experiment_id=experiment_id)


def experiment_name(settings: Settings) -> str:
    """The name of the experiment when no id is configured."""
    return settings.experiment_name or settings.service_name or DEFAULT_EXPERIMENT


def resolve_defaults(settings: Settings) -> Settings:
    """The settings with a tracking URI: MLflow's own default, as of now, when none is configured.

    User code may change that default at any time; where our traces go does not change with it.
    """
    if settings.tracing.backend == "databricks" and not (settings.tracking_uri or "").startswith(DATABRICKS):
        return settings.model_copy(update={"tracking_uri": DATABRICKS})
    if settings.tracking_uri or settings.tracing.backend == "otlp" or not settings.tracing.enabled:
        return settings
    from mlflow.tracking import get_tracking_uri

    return settings.model_copy(update={"tracking_uri": whole_path(get_tracking_uri())})


def display_backend(settings: Settings) -> str:
    """The backend as it may be shown to people."""
    address = settings.otlp.endpoint if settings.tracing.backend == "otlp" else settings.tracking_uri
    return redacted_address(address or "")


def destination_key(settings: Settings) -> str:
    """The name by which the spool tells destinations apart: address, workspace and experiment, no secret."""
    if settings.tracing.backend == "otlp":
        return display_backend(settings)
    by_name = json.dumps(experiment_name(settings), ensure_ascii=False)
    return f"{display_backend(settings)}{_workspace_of(settings)}{EXPERIMENT}{settings.experiment_id or by_name}"


def _workspace_of(settings: Settings) -> str:
    """Which of the workspaces behind one address, as a clause: Databricks' address is the same word for all of them."""
    uri = settings.tracking_uri or ""
    name = configured_host(uri) if uri.startswith(DATABRICKS) else settings.workspace
    return f"{WORKSPACE}{name}" if name else ""


def settings_for(key: str, settings: Settings) -> Settings:
    """`settings` changed so that they mean the destination `key`; credentials and all else stay.

    Raises `SettingsError` for another Databricks workspace than the one that is configured.
    """
    place, separator, experiment = key.rpartition(EXPERIMENT)
    if not separator or key == destination_key(settings):
        return settings
    address, _, workspace = place.partition(WORKSPACE)
    if address.startswith(DATABRICKS) and workspace not in ("", configured_host(address)):
        raise SettingsError(
            f"{key} is in another workspace; set DATABRICKS_HOST to {workspace}, with credentials for it"
        )
    by_name = experiment.startswith('"')
    changes = {
        "experiment_name": json.loads(experiment) if by_name else None,
        "experiment_id": None if by_name else experiment,
        "workspace": None if address.startswith(DATABRICKS) else workspace or None,
        "tracking_uri": settings.tracking_uri if address == display_backend(settings) else address,
    }
    return settings.model_copy(update=changes)
