"""Whether what answers lets us in, and as whom."""

from __future__ import annotations

from otel_mlflow.diagnosis.finding import Finding
from otel_mlflow.diagnosis.setup import Setup


def look(setup: Setup) -> Finding:
    """Be let in."""
    return setup.probe.identify()
