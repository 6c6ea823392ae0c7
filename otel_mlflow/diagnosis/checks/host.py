"""Whether anything answers where traces are sent."""

from __future__ import annotations

from otel_mlflow.diagnosis.finding import Finding
from otel_mlflow.diagnosis.setup import Setup


def look(setup: Setup) -> Finding:
    """Get any answer."""
    return setup.probe.reach()
