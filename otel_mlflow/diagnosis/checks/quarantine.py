"""What the backend has refused for what it contains."""

from __future__ import annotations

from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup

SHOWN_REASONS = 3


def check(setup: Setup) -> CheckResult:
    """Look for it, whatever the destination."""
    with setup.spool_admin() as spool_admin:
        refused = spool_admin.records(quarantined=True)
    if not refused:
        return ok("nothing was refused")
    reasons = list(dict.fromkeys(kept.reason or "no reason was kept" for kept in refused))
    more = f"; and {len(reasons) - SHOWN_REASONS} other reasons" if len(reasons) > SHOWN_REASONS else ""
    return warn(
        f"{len(refused)} records were refused: {'; '.join(reasons[:SHOWN_REASONS])}{more}",
        "look at them with `otel-mlflow spool list --quarantined`; try them again with `otel-mlflow spool retry`, "
        "or delete them with `otel-mlflow spool purge`",
    )
