"""Questions about a backend that delivery has no need to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_mlflow.delivery.destinations import DATABRICKS
from otel_mlflow.diagnosis.probes.base import Probe

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

__all__ = ["Probe", "databricks_uri", "probe_for"]


def databricks_uri(settings: Settings) -> str | None:
    """The tracking URI of a Databricks workspace, if the settings mean one."""
    uri = settings.tracking_uri or ""
    if settings.tracing.backend != "otlp" and uri.startswith(DATABRICKS):
        return uri
    return DATABRICKS if settings.tracing.backend == "databricks" else None


def probe_for(settings: Settings, timeouts: tuple[float, float]) -> Probe:
    """The probe of the backend that the settings mean; `timeouts` are seconds for connecting and for a response."""
    from otel_mlflow.diagnosis.probes.collector import CollectorProbe
    from otel_mlflow.diagnosis.probes.server import ServerProbe
    from otel_mlflow.diagnosis.probes.store import StoreProbe
    from otel_mlflow.diagnosis.probes.workspace import WorkspaceProbe

    uri = settings.tracking_uri or ""
    if settings.tracing.backend == "otlp":
        return CollectorProbe(settings.otlp.endpoint or "", settings.otlp.headers, timeouts)
    if (workspace := databricks_uri(settings)) is not None:
        return WorkspaceProbe(workspace, timeouts)
    if uri.startswith(("http://", "https://")):
        return ServerProbe(uri, timeouts, settings.workspace)
    return StoreProbe(uri)
