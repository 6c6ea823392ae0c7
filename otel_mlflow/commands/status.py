"""`otel-mlflow status`."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from otel_mlflow.commands import terminal
from otel_mlflow.commands.common import as_json, destination_of, echo_json, load, spool_admin_for
from otel_mlflow.delivery.destinations import destination_key, display_backend, resolve_defaults
from otel_mlflow.delivery.leases import spool_path
from otel_mlflow.delivery.private_folder import existing_folder
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.settings import Settings
from otel_mlflow.status import SpoolStatus, State, Status

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
    name, found = _found(settings, destination)
    if as_json:
        echo_json(found)
    else:
        _show(name, found)
    raise SystemExit(1 if found["state"] == "failed" else 0)


def _found(settings: Settings, destination: str | None) -> tuple[str, dict[str, Any]]:
    """The destination that is meant, and how it does; where nothing was traced yet there is no spool to ask."""
    if not spool_path(existing_folder(settings.delivery.spool_dir)).exists():
        return destination_key(settings), {**_untried(settings).to_dict(), "processes": 0}
    with spool_admin_for(settings) as spool_admin:
        name = destination_of(spool_admin, settings, destination)
        return name, status_of(spool_admin, name, settings)


def status_of(spool_admin: SpoolAdmin, destination: str, settings: Settings) -> dict[str, Any]:
    """What the gravest of the living processes says of itself, with the counters of all; as `Status.to_dict()`."""
    statuses = sorted(spool_admin.process_statuses(destination), key=lambda each: -GRAVITY.index(each["state"]))
    counts = spool_admin.counts(destination)
    backlog = next(each for each in spool_admin.backlogs() if each.destination == destination)
    age = max(0.0, time.time() - backlog.spooled_at) if backlog.spooled_at is not None else None
    found = statuses[0] if statuses else _unattended(backlog.pending, settings).to_dict()
    spool = SpoolStatus(spool_admin.used_bytes(), age, str(spool_admin.folder))
    return {**found, "counts": asdict(counts), "spool": asdict(spool), "processes": len(statuses)}


def _untried(settings: Settings) -> Status:
    folder = settings.delivery.spool_dir
    return replace(
        _here(settings, "starting", f"nothing was traced yet: there is no spool in {folder}"),
        fix="start the app; if it runs, it has another delivery.spool_dir, or it is another user's",
        spool=SpoolStatus(folder=str(folder)),
    )


def _unattended(pending: int, settings: Settings) -> Status:
    if not pending:
        return _here(settings, "ok", "nothing waits, and no process delivers here")
    waiting = _here(settings, "degraded", f"{pending} records wait and no process delivers them")
    return replace(waiting, fix="start the app, or `otel-mlflow spool retry`")


def _here(settings: Settings, state: State, reason: str) -> Status:
    """A status by the settings of this process, where no other says anything."""
    if not settings.tracing.enabled:
        state, reason = "disabled", f"tracing.enabled is false ({settings.sources['tracing.enabled']})"
    return Status(state, reason, tracking_uri=display_backend(resolve_defaults(settings)), settings=settings.sources)


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
        "at": found["tracking_uri"],
        "credentials": found["credential_source"],
        "processes": str(found["processes"]),
        "last delivery": found["last_delivery"],
        "last error": found["last_error"],
        "spool": f"{spool['bytes']} bytes" + (f", the oldest {age:.0f} s old" if age is not None else ""),
        **{name: str(count) for name, count in found["counts"].items()},
        "settings": "\n".join(f"{key}: {source}" for key, source in found["settings"].items() if source != "default"),
    }
    terminal.table(destination, ("", ""), [(name, value) for name, value in rows.items() if value])
