"""What waits to be delivered."""

from __future__ import annotations

import time

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.spool_admin import Waiting
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup

OVERDUE = 60.0
"""Seconds that a trace may wait before it is worth a word: delivery takes one or two."""


def look(setup: Setup) -> CheckResult:
    """Look for what waits long, and for what waits for another destination than the settings mean."""
    ours = destination_key(setup.settings)
    with setup.inventory() as inventory:
        waiting = [each for each in inventory.waiting() if each.pending]
    if any(each.destination != ours for each in waiting):
        return warn(
            "; ".join(map(_words, waiting)),
            "if a destination was mistyped, deliver its traces here: `otel-mlflow spool retry --from DESTINATION`",
        )
    if any(_age(each) > OVERDUE for each in waiting):
        return warn("; ".join(map(_words, waiting)), "start the app, or deliver them with `otel-mlflow spool retry`")
    return ok("; ".join(map(_words, waiting)) or "nothing waits")


def _words(waiting: Waiting) -> str:
    return f"{waiting.pending} wait for {waiting.destination}, the oldest for {_age(waiting):.0f} s"


def _age(waiting: Waiting) -> float:
    now = time.time()
    return max(0.0, now - (now if waiting.spooled_at is None else waiting.spooled_at))
