"""Whether anything answers where traces are sent."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult
from otel_mlflow.diagnosis.setup import Setup


def check(setup: Setup) -> CheckResult:
    """Get any answer."""
    return setup.probe.reach()
