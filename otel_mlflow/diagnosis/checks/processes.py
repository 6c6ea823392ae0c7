"""What the running processes say of themselves: they may have other settings than the doctor."""

from __future__ import annotations

from collections import Counter
from typing import Any

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup


def look(setup: Setup) -> CheckResult:
    """Ask the spool, where each has left word: one that has failed, or that delivers elsewhere, is why."""
    ours = destination_key(setup.settings)
    with setup.inventory() as inventory:
        words = [(each.destination, word) for each in inventory.waiting() for word in inventory.words(each.destination)]
    if not words:
        return ok("no process delivers from this spool now")
    found = "; ".join(f"{times} × {said}" for said, times in Counter(_said(*each) for each in words).items())
    if fixes := {word["fix"] for _, word in words if word["state"] == "failed"}:
        return fail(found, "; ".join(sorted(fixes)))
    if any(destination != ours for destination, _ in words):
        return warn(found, f"if they should deliver to {ours}, start them with the settings that the doctor was given")
    return ok(found)


def _said(destination: str, word: dict[str, Any]) -> str:
    whom = f" as {word['identity']} (credentials: {word['credential_source']})" if word["identity"] else ""
    why = f": {word['reason']}" if word["reason"] else ""
    return f"{word['state']}, delivering to {destination}{whom}{why}"
