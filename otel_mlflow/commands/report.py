"""`otel-mlflow report`: the dashboard's figures in the terminal."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from otel_mlflow.commands import terminal
from otel_mlflow.commands.common import as_json, echo_json, load
from otel_mlflow.commands.report_beside import show_beside_before
from otel_mlflow.commands.report_over_time import show_over_time
from otel_mlflow.commands.units import dollars, milliseconds, plain
from otel_mlflow.errors import DeliveryError
from otel_mlflow.ops.pseudonyms import pseudonyms_in
from otel_mlflow.ops.question import QuestionError, question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.summary import Disclosure, Row

LISTED = 10
"""Requests in a list; `--json` has all that the dashboard has."""

PATIENCE = 600.0
"""Seconds to wait for the index: who asks once wants all of it."""

WIDTH = 80

Column = tuple[str, Callable[[Row], str]]


@click.command()
@click.option("--window", default="24h", show_default=True, help="15m, 1h, 24h, 7d, 28d …")
@click.option("--from", "start", help="Beginning of a range instead, such as 2026-01-31T08:00Z.")
@click.option("--to", "end", help="Its end; now, if there is none.")
@click.option("--route", help="Only these requests: the trace's name, such as 'POST /api/chat'.")
@click.option("--user", help="Only this user's.")
@click.option("--session", help="Only this session's.")
@click.option("--service", help="Only this service's.")
@click.option("--version", help="Only this version's.")
@click.option("--slower-than", help="Only requests that took so many seconds or longer.")
@click.option("--users", "show_users", is_flag=True, help="Name the users instead of giving them pseudonyms.")
@click.option("--texts", "show_texts", is_flag=True, help="Show the texts of feedback, too.")
@as_json
@click.pass_obj
def report(config: Path | None, /, as_json: bool, show_users: bool, show_texts: bool, **asked: str | None) -> None:
    """Show requests, errors, latency, tokens, users, feedback: what is in MLflow, of all processes and hosts.

    Exit code 1 when MLflow cannot be asked.
    """
    settings = load(config)
    try:
        question = question_of(_parameters(asked), time.time_ns() // 1_000_000)
        pseudonym = None if show_users or question.user else pseudonyms_in(settings.delivery.spool_dir / "ops")
        summary = source_for(settings, patience=PATIENCE).summary(question)
        found = summary.to_dict(Disclosure(pseudonym, show_texts), settings.ops.error_objective)
    except QuestionError as error:
        _fail_in_json(str(error), "", 2, as_json=as_json)
        raise click.UsageError(str(error)) from error
    except DeliveryError as error:
        _fail_in_json(error.reason, error.fix, 1, as_json=as_json)
        raise click.ClickException(str(error)) from error
    if as_json:
        echo_json(found)
    else:
        _show(found)


def _fail_in_json(detail: str, fix: str, code: int, *, as_json: bool) -> None:
    """Say it to a program, where one asked."""
    if as_json:
        echo_json({"detail": detail, "fix": fix})
        raise SystemExit(code)


def _parameters(asked: dict[str, str | None]) -> dict[str, str]:
    renamed = {"start": "from", "end": "to"}
    given = {renamed.get(name, name): value for name, value in asked.items() if value is not None}
    if "from" in given:
        del given["window"]
    return given


def _show(found: dict[str, Any]) -> None:
    window, experiment = found["window"], found["source"]["experiment"]
    click.echo(f"{experiment['name']} ({found['source']['kind']}), {window['start']} to {window['end']}")
    terminal.table("Totals", ("", "now", "the window before"), list(_totals(found["totals"], found["previous"])))
    budget = found["error_budget"]
    terminal.table(f"Error budget of {100 * (1 - budget['objective']):.3g} %", ("", ""), list(_burn_rates(budget)))
    latency = [_column(name, milliseconds) for name in ("p50_ms", "p95_ms", "p99_ms")]
    counts = [_column(name) for name in ("requests", "errors", "cancelled")]
    spent = [_column("input_tokens"), _column("output_tokens"), _column("cost", dollars)]
    _table("Routes", found["routes"], [_column("route"), *counts, *latency])
    streamed = [row for row in found["routes"] if row["ttfb_p50_ms"] is not None]
    first_byte = [_column(name, milliseconds) for name in ("ttfb_p50_ms", "ttfb_p95_ms")]
    show_beside_before(found)
    _table("Time to first byte", streamed, [_column("route"), *first_byte])
    _table("Services", found["services"], [_column("service"), *counts])
    _table("Status codes", found["statuses"], [_column("status_code"), _column("requests")])
    _table("Errors", found["errors"], [_column("error_type"), _column("requests"), _column("first"), _column("last")])
    for name in ("failing", "slowest", "latest"):
        _list_requests(name.capitalize(), found[name][:LISTED])
    took = [*latency, _column("longest_ms", milliseconds)]
    _table("Models", found["models"], [_column("model"), _column("calls"), *spent])
    mean = _column("mean_ms", milliseconds)
    _table("Durations of calls of models", found["models"], [_column("model"), mean, *took])
    _table("Users", found["users"], [_column("user"), *counts, *spent])
    _table("Sessions", found["sessions"][:LISTED], [_column("session"), _column("requests"), _column("errors")])
    _table("Tools", found["tools"], [_column("tool"), _column("calls"), _column("failures"), *took])
    span = [_column("span"), _column("calls"), _column("failures"), *took]
    _table("Spans", found["spans"][:LISTED], span)
    _table("Versions", found["versions"], [_column("version"), *counts, *latency])
    _table("Feedback", found["feedback"], [_column("name"), _column("given"), _column("mean"), ("values", _values)])
    show_over_time(found)
    _table("Disliked", found["disliked"][:LISTED], [_column("trace_id"), _column("name"), _column("value")])
    _table("Comments", found["comments"][:LISTED], [_column("trace_id"), _column("name"), _column("value")])
    for gap in found["missing"]:
        click.echo(terminal.printable(f"not known: {gap['figure']}: {gap['reason']}"), err=True)


def _totals(totals: Row, previous: Row) -> Iterable[tuple[str, str, str]]:
    for name, value in totals.items():
        shown = milliseconds if name.endswith("_ms") else dollars if name == "cost" else plain
        if value is not None:
            yield name.removesuffix("_ms").replace("_", " "), shown(value), shown(previous.get(name))


def _burn_rates(budget: Row) -> Iterable[tuple[str, str]]:
    for name, told in (("burn_rate", "used up"), ("burn_rate_lately", "lately")):
        if budget[name] is not None:
            yield told, f"{budget[name]:.1f} times as fast as allowed"


def _table(title: str, rows: Sequence[Row], columns: Sequence[Column]) -> None:
    if rows:
        terminal.table(title, [name for name, _ in columns], [[said(row) for _, said in columns] for row in rows])


def _column(name: str, shown: Callable[[Any], str] | None = None) -> Column:
    return name.removesuffix("_ms").replace("_", " "), lambda row: (shown or plain)(row[name])


def _values(row: Row) -> str:
    return ", ".join(f"{value}: {given}" for value, given in row["values"].items())


def _list_requests(title: str, rows: Sequence[Row]) -> None:
    """Two lines each: an id that is broken or cut cannot be copied."""
    if rows:
        click.echo(title)
    for row in rows:
        outcome = " ".join(str(said) for said in (row["outcome"], row["status_code"], row["error_type"]) if said)
        told = f"{row['time']}  {milliseconds(row['duration_ms']):>9}  {outcome}  "
        route = textwrap.shorten(row["route"], max(WIDTH - len(told) - 2, 12), placeholder="…")
        click.echo(terminal.printable(f"  {told}{route}"))
        click.echo(terminal.printable(f"    {row['trace_id']}  {row['user'] or ''}").rstrip())
