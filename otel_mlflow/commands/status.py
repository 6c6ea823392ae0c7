"""`otel-mlflow status`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from otel_mlflow import terminal
from otel_mlflow.commands.common import as_json, destination_of, echo_json, inventory_of, load
from otel_mlflow.delivery.inventory import Inventory
from otel_mlflow.diagnosis.status import SpoolStatus, Status

GRAVITY = ("disabled", "ok", "starting", "degraded", "failed")


@click.command()
@click.option("--destination", help="One of the destinations that `spool list` names.")
@as_json
@click.pass_obj
def status(config: Path | None, destination: str | None, as_json: bool) -> None:
    """Show how delivery is doing, over all processes of this host.

    Exit code 1 when it has failed: when traces wait until somebody mends something.
    """
    settings = load(config)
    with inventory_of(settings) as inventory:
        name = destination_of(inventory, settings, destination)
        found = status_of(inventory, name)
    if as_json:
        echo_json(found)
    else:
        _show(name, found)
    raise SystemExit(1 if found["state"] == "failed" else 0)


def status_of(inventory: Inventory, destination: str) -> dict[str, Any]:
    """What the gravest of the living processes says of itself, with the counters of all; as `Status.to_dict()`."""
    words = sorted(inventory.words(destination), key=lambda word: -GRAVITY.index(word["state"]))
    counts = inventory.counts(destination)
    waiting = next(each for each in inventory.waiting() if each.destination == destination)
    age = max(0.0, time.time() - waiting.spooled_at) if waiting.spooled_at is not None else None
    found = words[0] if words else _unattended(waiting.pending).to_dict()
    spool = SpoolStatus(inventory.used_bytes(), age, str(inventory.folder))
    return {**found, "counts": asdict(counts), "spool": asdict(spool), "processes": len(words)}


def _unattended(pending: int) -> Status:
    if not pending:
        return Status("ok", "nothing waits, and no process delivers here")
    return Status(
        "degraded",
        f"{pending} records wait and no process delivers them",
        "start the app, or `otel-mlflow spool retry`",
    )


def _show(destination: str, found: dict[str, Any]) -> None:
    experiment = found["experiment"] or {}
    spool = found["spool"]
    age = spool["oldest_age_seconds"]
    rows = {
        "state": found["state"],
        "reason": found["reason"],
        "to do": found["fix"],
        "experiment": " ".join(filter(None, (experiment.get("name"), experiment.get("url")))),
        "as": found["identity"],
        "credentials": found["credential_source"],
        "processes": str(found["processes"]),
        "last delivery": found["last_delivery"],
        "last error": found["last_error"],
        "spool": f"{spool['bytes']} bytes" + (f", the oldest {age:.0f} s old" if age is not None else ""),
        **{name: str(count) for name, count in found["counts"].items()},
    }
    terminal.table(destination, ("", ""), [(name, value) for name, value in rows.items() if value])
