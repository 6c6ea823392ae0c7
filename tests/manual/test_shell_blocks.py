"""Every line of shell in the manual: its commands, options, extras, targets and variables are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import metadata

import click
import pytest

from otel_mlflow.commands.cli import main
from otel_mlflow.settings.model import keys
from otel_mlflow.settings.sources import CONFIG, STANDARD_NAMES, variable
from tests.manual.markdown import ROOT, Block, blocks

ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=")
EXTRAS = re.compile(r"^otel-mlflow\[([\w,]+)\]$")
OURS = {CONFIG, *map(variable, keys())}
STANDARD = set(STANDARD_NAMES)

THEIRS = {
    *("cd", "curl", "databricks", "docker", "export", "git", "kubectl", "mkdir", "mlflow", "set", "."),
    *("daphne", "granian", "gunicorn", "hypercorn", "opentelemetry-bootstrap", "opentelemetry-instrument", "uvicorn"),
    *("pytest", ".venv/bin/pytest", "python", "python3", "pre-commit"),
}
"""Programs of others: that they exist is all that is checked here."""


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_every_command_can_be_given(block: Block) -> None:
    """As it stands."""
    for words in commands(block.text):
        check_command(words)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set("|&;"):
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words


def check_command(words: list[str]) -> None:
    """Check the variables in front of it, and what it is."""
    while words and (assigned := ASSIGNMENT.match(words[0])):
        check_variable(assigned[1])
        words = words[1:]
    if not words:
        return
    program, *arguments = words
    checks = {"otel-mlflow": check_ours, "pip": check_pip, "make": check_make}
    if program in checks:
        checks[program](arguments)
    else:
        assert program in THEIRS, f"no test knows the command {program!r}"
    if program == "export":
        check_variable(arguments[0].partition("=")[0])


def check_variable(name: str) -> None:
    """One of ours, if it looks like it."""
    assert not name.startswith("OTEL_MLFLOW_") or name in OURS, f"there is no setting {name}"


def check_ours(arguments: list[str]) -> None:
    """Parse it as the command line does, and do nothing."""
    command: click.Command = main
    context: click.Context | None = None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, list(arguments), parent=context)
        arguments = [*context._protected_args, *context.args] if context.args else context._protected_args
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None, f"there is no command {name}"
        command = found
    if arguments != ["--help"]:
        command.make_context(command.name, list(arguments), parent=context)


def check_pip(arguments: list[str]) -> None:
    """The extras are there."""
    known = set(metadata.metadata("otel-mlflow").get_all("Provides-Extra") or ())
    for argument in arguments:
        if argument.startswith("otel-mlflow["):
            extras = EXTRAS.match(argument)
            assert extras, argument
            assert set(extras[1].split(",")) <= known, argument


def check_make(arguments: list[str]) -> None:
    """The targets are there."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {word for word in arguments if "=" not in word} <= set(targets)


@pytest.mark.parametrize("block", blocks("sh", "yaml", "python", "text"), ids=str)
def test_every_variable_of_ours_is_a_setting(block: Block) -> None:
    """Wherever it stands."""
    for name in re.findall(r"\bOTEL_MLFLOW_[A-Z_]+\b", block.text):
        assert name in OURS, name
