"""`otel-mlflow run uvicorn main:app`: an application that nobody touched, with all that `instrument()` gives."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import click

from otel_mlflow.autoinstrument.chain import folders
from otel_mlflow.autoinstrument.hooks import OPS
from otel_mlflow.settings.environment import with_variables
from otel_mlflow.settings.sources import CONFIG

OPS_PATH = "/ops"
OPENTELEMETRY = "opentelemetry-instrument"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--ops", is_flag=True, help=f"Serve the dashboard at {OPS_PATH}.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(config: Path | None, ops: bool, command: tuple[str, ...]) -> None:
    """Run a server, or any Python program, and trace the applications that it serves.

    COMMAND is what you would type without us: uvicorn, gunicorn, hypercorn, granian, daphne or python, with its
    arguments. FastAPI, Starlette, Litestar and Quart applications need no change; workers and reloads are included.
    """
    arguments = _inside_opentelemetry(command, ops=ops) or list(command)
    # Scripts of our own environment are found also where that is not activated.
    program = shutil.which(arguments[0]) or shutil.which(arguments[0], path=sysconfig.get_path("scripts"))
    if program is None:
        raise click.UsageError(f"there is no command {arguments[0]!r}; is it installed in this environment?")
    variables = {OPS: OPS_PATH if ops else "", **({CONFIG: str(config.resolve())} if config else {})}
    # Nothing of ours stays between the program and whoever supervises it.
    os.execve(program, arguments, with_variables(variables, first_on_path=folders()))  # noqa: S606


def _inside_opentelemetry(command: tuple[str, ...], *, ops: bool) -> list[str] | None:
    """The command with ours behind `opentelemetry-instrument`, which imports no `sitecustomize` but its own."""
    if Path(command[0]).name != OPENTELEMETRY:
        return None
    position = 1
    while position < len(command) and command[position].startswith("-"):
        position += 1 if "=" in command[position] else 2
    ours = [sys.executable, "-m", "otel_mlflow.commands.cli", "run", *(["--ops"] if ops else [])]
    return [*command[:position], *ours, *command[position:]]
