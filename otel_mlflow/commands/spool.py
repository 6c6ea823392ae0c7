"""`otel-mlflow spool`: what waits or was refused, and what is to become of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from otel_mlflow.commands import terminal
from otel_mlflow.commands.common import as_json, destination_of, echo_json, load, spool_admin_for
from otel_mlflow.commands.draining import drain
from otel_mlflow.delivery.destinations import settings_for
from otel_mlflow.delivery.export import exported
from otel_mlflow.delivery.spool_admin import Backlog, SpoolAdmin, SpoolRecord

LISTED = 50


@click.group()
def spool() -> None:
    """See and mend what waits on its way to MLflow."""


@spool.command("list")
@click.option("--quarantined", is_flag=True, help="Only what was refused.")
@click.option("--limit", type=click.IntRange(min=0), default=LISTED, show_default=True, help="Records to list.")
@as_json
@click.pass_obj
def list_(config: Path | None, quarantined: bool, limit: int, as_json: bool) -> None:
    """List what waits for each destination, and the records, oldest first."""
    with spool_admin_for(load(config)) as spool_admin:
        backlogs = spool_admin.backlogs()
        records = spool_admin.records(quarantined=True if quarantined else None, limit=limit)
    if as_json:
        echo_json({"destinations": [asdict(each) for each in backlogs], "records": [asdict(each) for each in records]})
        return
    terminal.table(
        "Destinations", ("destination", "waiting", "quarantined", "bytes", "oldest"), map(_destination, backlogs)
    )
    terminal.table("Records", ("trace", "waits for", "tried", "bytes", "age", "reason"), map(_record, records))


@spool.command()
@click.argument("trace_ids", nargs=-1)
@click.option("--destination", help="One of the destinations that `spool list` names.")
@click.option("--from", "source", help="Also deliver to it what waits for this other destination, say a mistyped one.")
@as_json
@click.pass_obj
def retry(
    config: Path | None, trace_ids: tuple[str, ...], destination: str | None, source: str | None, as_json: bool
) -> None:
    """Try again what was refused: the traces named, or all. Deliver everything that waits.

    Exit code 1 when something is left.
    """
    settings = load(config)
    with spool_admin_for(settings) as spool_admin:
        _require_records(spool_admin, trace_ids)
        name = destination_of(spool_admin, settings, destination)
        requeued = spool_admin.move(destination_of(spool_admin, settings, source), name) if source else 0
        requeued += spool_admin.requeue(name, trace_ids)
        reason = drain(spool_admin, name, settings_for(name, settings))
        counts = spool_admin.counts(name)
    left = counts.pending + counts.quarantined
    if as_json:
        echo_json({"requeued": requeued, "reason": reason, "counts": asdict(counts)})
    else:
        click.echo(f"{requeued} records tried again; {counts.pending} wait, {counts.quarantined} are quarantined")
        if reason:
            click.echo(terminal.printable(reason), err=True)
    raise SystemExit(1 if left else 0)


@spool.command()
@click.argument("file", type=click.File("w", encoding="utf-8"))
@click.option("--quarantined", is_flag=True, help="Only what was refused.")
@as_json
@click.pass_obj
def export(config: Path | None, file: TextIO, quarantined: bool, as_json: bool) -> None:
    """Write what waits and what was refused to FILE (`-` for standard output), a line of OTLP JSON for each record.

    OpenTelemetry's collectors read such files. Nothing leaves the spool.
    """
    with spool_admin_for(load(config)) as spool_admin:
        records = spool_admin.records(quarantined=True if quarantined else None)
        written = 0
        with terminal.progress("exporting", len(records)) as show:
            for done, record in enumerate(records, 1):
                if (content := spool_admin.content(record.id)) is not None:
                    file.write(json.dumps(exported(record, *content)) + "\n")
                    written += 1
                show(done)
    _tell_how_many("exported", written, as_json=as_json)


@spool.command()
@click.argument("trace_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Also what still waits to be delivered.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_obj
def purge(config: Path | None, trace_ids: tuple[str, ...], everything: bool, yes: bool, as_json: bool) -> None:
    """Delete what was refused: the traces named, or all. It is counted as dropped."""
    with spool_admin_for(load(config)) as spool_admin:
        _require_records(spool_admin, trace_ids)
        if not yes:
            what = "what waits and what was refused" if everything else "what was refused"
            click.confirm(f"Delete {what} for good?", abort=True)
        purged = spool_admin.purge(trace_ids, quarantined_only=not everything)
    _tell_how_many("purged", purged, as_json=as_json)


def _require_records(spool_admin: SpoolAdmin, trace_ids: tuple[str, ...]) -> None:
    unknown = sorted(set(trace_ids) - {record.trace_id for record in spool_admin.records()}) if trace_ids else []
    if unknown:
        raise click.BadParameter(
            f"the spool has no record of {', '.join(unknown)}; expected trace ids that `otel-mlflow spool list` names. "
            "What is delivered is not in the spool any more",
            param_hint="TRACE_IDS",
        )


def _destination(backlog: Backlog) -> tuple[str, ...]:
    return (
        backlog.destination,
        str(backlog.pending),
        str(backlog.quarantined),
        str(backlog.bytes),
        _age(backlog.spooled_at),
    )


def _record(record: SpoolRecord) -> tuple[str, ...]:
    waits_for = "a person" if record.quarantined else "delivery"
    return (
        record.trace_id,
        waits_for,
        str(record.attempts),
        str(record.bytes),
        _age(record.spooled_at),
        record.reason or "",
    )


def _age(spooled_at: float | None) -> str:
    return "" if spooled_at is None else f"{max(0.0, time.time() - spooled_at):.0f} s"


def _tell_how_many(what: str, records: int, *, as_json: bool) -> None:
    if as_json:
        echo_json({what: records})
    else:
        # Not on standard output: the export may go there.
        click.echo(f"{records} records {what}", err=True)
