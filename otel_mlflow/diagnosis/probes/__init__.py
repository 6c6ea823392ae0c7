"""Questions about a backend that delivery has no need to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_mlflow.diagnosis.probes.base import Probe

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

__all__ = ["Probe", "probe_for"]


def probe_for(settings: Settings, timeouts: tuple[float, float]) -> Probe:
    """The probe of the backend that the settings mean; `timeouts` are seconds for connecting and for an answer."""
    from otel_mlflow.diagnosis.probes.collector import CollectorProbe
    from otel_mlflow.diagnosis.probes.server import ServerProbe
    from otel_mlflow.diagnosis.probes.store import StoreProbe

    uri = settings.tracking_uri or ""
    if settings.tracing.backend == "otlp":
        return CollectorProbe(settings.otlp.endpoint or "", settings.otlp.headers, timeouts)
    if uri.startswith(("http://", "https://")):
        return ServerProbe(uri, timeouts)
    return StoreProbe(uri)
