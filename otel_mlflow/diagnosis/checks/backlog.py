"""What waits to be delivered."""

from __future__ import annotations

import time

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.spool_admin import Backlog
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup

OVERDUE = 60.0
"""Seconds that a trace may wait before it is worth a word: delivery takes one or two."""

ATTENDED = "nothing where a backlog is being worked off; what holds it up stands in the check 'processes'"
UNATTENDED = "start the app, or deliver them with `otel-mlflow spool retry`"


def check(setup: Setup) -> CheckResult:
    """Look for what waits long, and for what waits for another destination than the settings mean."""
    ours = destination_key(setup.settings)
    with setup.spool_admin() as spool_admin:
        backlogs = [each for each in spool_admin.backlogs() if each.pending]
        is_attended = any(spool_admin.process_statuses(each.destination) for each in backlogs)
    if any(each.destination != ours for each in backlogs):
        return warn(
            "; ".join(map(_describe, backlogs)),
            "if a destination was mistyped, deliver its traces here: `otel-mlflow spool retry --from DESTINATION`",
        )
    if any(_age(each) > OVERDUE for each in backlogs):
        return warn("; ".join(map(_describe, backlogs)), ATTENDED if is_attended else UNATTENDED)
    return ok("; ".join(map(_describe, backlogs)) or "nothing waits")


def _describe(backlog: Backlog) -> str:
    return f"{backlog.pending} wait for {backlog.destination}, the oldest for {_age(backlog):.0f} s"


def _age(backlog: Backlog) -> float:
    now = time.time()
    return max(0.0, now - (now if backlog.spooled_at is None else backlog.spooled_at))
