"""What the commands share: the settings, the spool they speak of, and JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.delivery.storage import is_damage, remedy
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


def as_json(command: Function) -> Function:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(command)


def load(config: Path | None) -> Settings:
    """Read the settings; what is wrong with them is wrong usage."""
    try:
        return Settings.load(config)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def spool_admin_for(settings: Settings) -> Generator[SpoolAdmin, None, None]:
    """Open the spool; one that is missing, or cannot be used, is told as such."""
    folder = settings.delivery.spool_dir
    try:
        with closing(_opened(folder)) as spool_admin:
            yield spool_admin
    except sqlite3.Error as error:
        raise click.ClickException(f"the spool in {folder} cannot be used ({error}); {_fix(folder, error)}") from error


def _opened(folder: Path) -> SpoolAdmin:
    try:
        return SpoolAdmin(folder)
    except FileNotFoundError:
        raise click.ClickException(
            f"there is no spool in {folder}: nothing was traced there yet, or delivery.spool_dir is another folder"
        ) from None


def _fix(folder: Path, error: sqlite3.Error) -> str:
    if is_damage(error):
        return "start the app, which sets a damaged file aside and delivers what can be read of it"
    return remedy(folder, error)


def destination_of(spool_admin: SpoolAdmin, settings: Settings, asked: str | None) -> str:
    """The destination that is meant: the one asked for, the configured one, or the one that is used most recently."""
    known = [backlog.destination for backlog in spool_admin.backlogs()]
    if asked is not None and asked not in known:
        listed = "".join(f"\n  {name}" for name in known)
        raise click.BadParameter(
            f"{asked!r} is not one of the spool's destinations:{listed}", param_hint="--destination"
        )
    configured = destination_key(settings)
    candidates = [
        asked,
        configured,
        *(name for name in reversed(known) if spool_admin.process_statuses(name)),
        *reversed(known),
    ]
    return next(name for name in candidates if name in known)


def echo_json(value: object) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, indent=2))
