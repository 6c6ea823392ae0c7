"""Which Databricks workspace is meant, why, and what lies around that says otherwise."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup


def check(setup: Setup) -> CheckResult:
    """Find the credentials as delivery does."""
    found = setup.workspace.credentials
    seen = f"{found.host} is used (from {found.host_source}), with credentials from {found.source} ({found.auth_type})"
    if found.disagreement:
        return warn(
            f"{seen}; {found.disagreement}",
            "if another workspace is meant, set DATABRICKS_HOST and its credentials where the app is started, or name "
            "a profile with tracking_uri databricks://PROFILE",
        )
    return ok(seen)
