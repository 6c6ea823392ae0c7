"""`otel-mlflow doctor`."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import NoReturn

import click

from otel_mlflow.commands import terminal
from otel_mlflow.commands.common import as_json, echo_json
from otel_mlflow.diagnosis.background import left_over
from otel_mlflow.diagnosis.check_result import Check
from otel_mlflow.diagnosis.doctor import answer, run_checks
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings


@click.command()
@as_json
@click.pass_obj
def doctor(config: Path | None, as_json: bool) -> None:
    """Find out why traces do not arrive.

    Run it where the app runs: in its folder, as its user, with its environment. It writes a test trace and deletes it
    again. Exit code 1 when a check has failed.
    """
    if config is not None and not config.exists():
        raise click.BadParameter(f"{config} does not exist", param_hint="--config")
    before = left_over()
    checks = _checks(config)
    found = answer(checks)
    if as_json:
        echo_json(found)
    else:
        _show(checks)
    _exit(0 if found["ok"] else 1, at_once=bool(left_over() - before))


def _checks(config: Path | None) -> list[Check]:
    """Make the checks; what libraries print meanwhile is not for standard output, what they warn of for nobody."""
    settings = _settings(config)
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run_checks(settings)
    finally:
        logging.disable(logging.NOTSET)


def _settings(config: Path | None) -> Settings | SettingsError:
    try:
        return Settings.load(config)
    except SettingsError as error:
        return error


def _show(checks: list[Check]) -> None:
    rows = [(check.name, check.status, _words(check)) for check in checks]
    terminal.table("otel-mlflow doctor", ("check", "", "what was seen, and what to do"), rows)


def _words(check: Check) -> str:
    return f"{check.detail}\n→ {check.fix}" if check.fix else check.detail


def _exit(code: int, *, at_once: bool) -> NoReturn:
    """End the process, at once where a check was given up: what it waits for, libraries wait for at exit too."""
    if at_once:
        sys.stdout.flush()
        os._exit(code)
    raise SystemExit(code)
