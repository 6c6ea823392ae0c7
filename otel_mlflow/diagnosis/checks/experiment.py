"""Whether the experiment is there, or can be made."""

from __future__ import annotations

from otel_mlflow.diagnosis.finding import Finding, ok
from otel_mlflow.diagnosis.setup import Setup


def look(setup: Setup) -> Finding:
    """Find it as delivery does, which makes it where it is missing."""
    connected = setup.connected
    if connected.experiment is None:
        return ok(f"{connected.tracking_uri} has no experiments: an OpenTelemetry collector sorts traces by service")
    found = connected.experiment
    return ok(f"{found.name!r} (id {found.id}) {found.url}".rstrip())
