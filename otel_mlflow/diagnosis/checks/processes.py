"""What the running processes say of themselves: they may have other settings than the doctor."""

from __future__ import annotations

from collections import Counter
from typing import Any

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup


def check(setup: Setup) -> CheckResult:
    """Ask the spool, where each has left its status: one that has failed, or that delivers elsewhere, is why."""
    ours = destination_key(setup.settings)
    with setup.spool_admin() as spool_admin:
        statuses = [
            (each.destination, status)
            for each in spool_admin.backlogs()
            for status in spool_admin.process_statuses(each.destination)
        ]
    if not statuses:
        return ok("no process delivers from this spool now")
    sentences = Counter(_sentence(*each) for each in statuses)
    found = "; ".join(f"{times} × {sentence}" for sentence, times in sentences.items())
    if fixes := {status["fix"] for _, status in statuses if status["state"] == "failed"}:
        return fail(found, "; ".join(sorted(fixes)))
    if any(destination != ours for destination, _ in statuses):
        return warn(found, f"if they should deliver to {ours}, start them with the settings that the doctor was given")
    if advice := {each for _, status in statuses for each in status.get("advice", ())}:
        return warn(found, "; ".join(sorted(advice)))
    return ok(found)


def _sentence(destination: str, status: dict[str, Any]) -> str:
    whom = f" as {status['identity']} (credentials: {status['credential_source']})" if status["identity"] else ""
    why = f": {status['reason']}" if status["reason"] else ""
    return f"{status['state']}, delivering to {destination}{whom}{why}"
