"""Whether what answers lets us in, and as whom."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult
from otel_mlflow.diagnosis.setup import Setup


def check(setup: Setup) -> CheckResult:
    """Be let in."""
    return setup.probe.identify()
