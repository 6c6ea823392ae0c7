"""Writes docs/reference/: what the code says of its own names, commands, status and errors.

`python -m tests.manual.reference` renews the pages; `test_reference.py` fails while they are not current.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any, get_args

import click

import otel_mlflow
from otel_mlflow import errors, status
from otel_mlflow.commands.cli import main as command_line
from tests.manual.markdown import ROOT

FOLDER = ROOT / "docs" / "reference"
GENERATED = "Generated from the code by `python -m tests.manual.reference`."
COLUMNS = 100

FUNCTIONS = ("instrument", "uninstrument", "current_trace", "continued", "log_feedback")
CLASSES = ("RequestTrace", "Tracing", "TracingMiddleware", "Settings", "MlflowSpanExporter")
ELSEWHERE = ("otel_mlflow.ops.app", "otel_mlflow.testing.capture", "otel_mlflow.logs.TraceIdFilter")
METHODS = {
    "Tracing": ("start", "status", "flush", "shutdown", "experiment_id"),
    "Settings": ("load", "sources"),
    "MlflowSpanExporter": ("export", "force_flush", "shutdown"),
}
"""Of the classes that have more methods than are public."""


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


def api() -> str:
    """The public names with their parameters, in their own words."""
    functions = [_callable(name, getattr(otel_mlflow, name)) for name in FUNCTIONS]
    classes = [_class(name, getattr(otel_mlflow, name)) for name in CLASSES]
    elsewhere = [_callable(name, _by_path(name)) for name in ELSEWHERE]
    about = "All of them are in `otel_mlflow`, typed; [errors](errors.md) have a page of their own."
    return _page("Python", about, *functions, *classes, *elsewhere)


def _callable(name: str, value: Any, level: str = "##") -> str:
    return f"{level} `{name}`\n\n{_signature(name, value)}{_markdown(inspect.getdoc(value))}"


def _class(name: str, value: type) -> str:
    shown = METHODS.get(name, tuple(key for key in vars(value) if not key.startswith("_")))
    members = [_member(name, key, inspect.getattr_static(value, key)) for key in shown if _is_documented(value, key)]
    signature = "" if name in ("RequestTrace", "Settings") else _signature(name, value)
    return "\n\n".join([f"## `{name}`\n\n{signature}{_markdown(inspect.getdoc(value))}", *members])


def _is_documented(value: type, key: str) -> bool:
    return bool(inspect.getdoc(getattr(value, key)))


def _member(owner: str, key: str, value: Any) -> str:
    if isinstance(value, property):
        return f"### `{owner}.{key}`\n\n{_markdown(inspect.getdoc(value))}"
    function = getattr(value, "__func__", value)
    return _callable(f"{owner}.{key}", function, "###")


def _signature(name: str, value: Any) -> str:
    """The call as it is written, one parameter a line where it is long."""
    found = inspect.signature(value)
    kept = [parameter for key, parameter in found.parameters.items() if key not in ("self", "cls")]
    text = f"{name}{found.replace(parameters=kept)}".replace("'", "")
    if len(text) > COLUMNS:
        text = _wrapped(name, found.replace(parameters=kept))
    return f"```text\n{text}\n```\n\n"


def _wrapped(name: str, signature: inspect.Signature) -> str:
    lines: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "    *," not in lines:
            lines.append("    *,")
        lines.append(f"    {parameter},".replace("'", ""))
    returns = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
    return "\n".join([f"{name}(", *lines, f"){returns}"]).replace("'", "")


def _by_path(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def commands() -> str:
    """What `--help` says of each command."""
    about = "Exit codes: 0 all is well, 1 something is not, 2 wrong usage. `--json` prints JSON and nothing else."
    return _page("Commands", about, *(f"## `{path}`\n\n```text\n{text}\n```" for path, text in _helps()))


def _helps(
    command: click.Command = command_line, name: str = "otel-mlflow", parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name, [], parent, resilient_parsing=True, max_content_width=COLUMNS, terminal_width=COLUMNS
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in sorted(command.commands):
            yield from _helps(command.commands[below], below, context)


def status_page() -> str:
    """The status with all its fields."""
    states = ", ".join(f"`{state}`" for state in get_args(status.State))
    about = "`tracing.status()`, `otel-mlflow status --json` and `/ops/status` say the same. There is no secret in it."
    fields = [
        _fields("Status", status.Status),
        f"States: {states}. {_attribute_docs('status', None)['State']}",
        _fields("Counts", status.Counts),
        "Each counts over all processes that share the spool folder, and across restarts.",
        _fields("Spool", status.SpoolStatus),
        _fields("Experiment", status.Experiment),
    ]
    return _page("Status", about, *fields)


def _fields(heading: str, kind: type) -> str:
    documented = _attribute_docs("status", kind.__name__)
    rows = [f"| `{field.name}` | {documented[field.name]} |" for field in dataclasses.fields(kind)]
    return "\n".join([f"## {heading}\n", "| field | is |", "| --- | --- |", *rows])


def _attribute_docs(module: str, class_name: str | None) -> dict[str, str]:
    """The texts that stand below the attributes of a class, or of the module."""
    tree: Any = ast.parse((ROOT / "otel_mlflow" / f"{module}.py").read_text(encoding="utf-8"))
    if class_name is not None:
        tree = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    found: dict[str, str] = {}
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
        if isinstance(target, ast.Name) and isinstance(following, ast.Expr):
            found[target.id] = " ".join(dedent(ast.literal_eval(following.value)).split())
    return found


def errors_page() -> str:
    """The tree of errors."""
    classes = [each for each in vars(errors).values() if inspect.isclass(each)]
    about = (
        "Everything that otel-mlflow raises of its own is in `otel_mlflow.errors`, as one tree. Only the first five can\
 reach your code: the others say to delivery what a failure means."
    )
    return _page("Errors", about, *(_error(each) for each in classes))


def _error(kind: type) -> str:
    parents = " and ".join(f"`{parent.__name__}`" for parent in kind.__bases__)
    return f"## `{kind.__name__}`\n\nIs a {parents}. {_markdown(inspect.getdoc(kind))}"


def _markdown(text: str | None) -> str:
    """A docstring as Markdown: code with one backtick, indented examples as blocks."""
    paragraphs = (text or "").replace("``", "`").split("\n\n")
    return "\n\n".join(_paragraph(paragraph) for paragraph in paragraphs).strip()


def _paragraph(text: str) -> str:
    return f"```text\n{dedent(text)}\n```" if text.startswith("    ") else re.sub(r"\s*\n\s*", " ", text)


def _page(title: str, about: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", f"{about} {GENERATED}", *parts]) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api,
    "commands.md": commands,
    "status.md": status_page,
    "errors.md": errors_page,
}

if __name__ == "__main__":
    main()
