"""Rooms that decide purely know no clock, no dice, no files and no library but Python's own; nobody looks upstairs."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

import otel_mlflow

PACKAGE = Path(otel_mlflow.__file__).parent
PURE = [
    *sorted((PACKAGE / "content").glob("*.py")),
    PACKAGE / "http" / "sampling.py",
    PACKAGE / "delivery" / "retry.py",
]

HARMLESS = {
    *("__future__", "base64", "binascii", "codecs", "collections", "collections.abc", "contextlib", "dataclasses"),
    *("email", "email.message", "enum", "functools", "html", "itertools", "json", "math", "operator", "re", "string"),
    *("bisect", "datetime", "decimal", "fractions", "json.encoder", "pathlib", "unicodedata", "uuid"),
    *("textwrap", "types", "typing", "typing_extensions", "urllib.parse", "zlib"),
    "otel_mlflow.pacing",
}
"""Modules of Python's that only work on what they are given, and the one that says where long work may rest."""

GUARDS = {"guard.py", "backends/calls.py"}
"""The one guard, and threads that hand their exceptions to the one that waits for them."""

IMPURE_NAMES = frozenset({"now", "utcnow", "today", "open", "print", "input"})
"""What harmless modules and builtins have that looks at the clock or at the world."""


@functools.cache
def tree_of(source: Path) -> ast.Module:
    """A file as Python reads it, for all tests that look at it."""
    return ast.parse(source.read_text(encoding="utf-8"))


def imported(source: Path) -> Iterator[str]:
    """The modules that a file imports when it runs; what only the type checker sees does not count."""
    tree = tree_of(source)
    skipped = {id(child) for node in ast.walk(tree) if _is_for_types(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room_of(source: Path) -> str:
    """A file's name from the package on."""
    return str(source.relative_to(PACKAGE))


@pytest.mark.parametrize("source", PURE, ids=room_of)
def test_a_pure_room_imports_nothing_impure(source: Path) -> None:
    """Errors of ours and the room's own files aside."""
    own = "otel_mlflow.content" if source.parent.name == "content" else "otel_mlflow.errors"
    assert [name for name in imported(source) if name not in HARMLESS and not name.startswith(own)] == []


@pytest.mark.parametrize("source", PURE, ids=room_of)
def test_a_pure_room_looks_at_no_clock_and_at_no_file(source: Path) -> None:
    """By no name under which Python offers them."""
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(tree_of(source))
        if isinstance(node, (ast.Attribute, ast.Name))
    }
    assert used & IMPURE_NAMES == set()


def test_every_pure_room_is_there() -> None:
    """A room that has moved would not be looked at."""
    assert all(source.exists() for source in PURE)
    assert len(PURE) > 5


@pytest.mark.parametrize("source", sorted((PACKAGE / "delivery").rglob("*.py")), ids=room_of)
def test_delivery_knows_nothing_above_it(source: Path) -> None:
    """Nothing of ASGI, of spans or of requests: only records, which spans write."""
    above = (
        "otel_mlflow.spans",
        "otel_mlflow.asgi.middleware",
        "otel_mlflow.request",
        "otel_mlflow.tracing",
        "starlette",
    )
    assert [name for name in imported(source) if name.startswith(above)] == []


@pytest.mark.parametrize("source", sorted((PACKAGE / "spans").rglob("*.py")), ids=room_of)
def test_spans_know_no_http_clients(source: Path) -> None:
    """Delivery does the talking."""
    clients = ("requests", "httpx", "urllib.request", "http.client", "aiohttp")
    assert [name for name in imported(source) if name.startswith(clients)] == []


@pytest.mark.parametrize("source", sorted(PACKAGE.rglob("*.py")), ids=room_of)
def test_the_environment_is_read_in_one_room(source: Path) -> None:
    """`settings`, so that it can say where each value came from; fork hooks are no reading."""
    reads = {
        node.attr
        for node in ast.walk(tree_of(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    } & {"environ", "getenv"}
    assert not reads or source.parent.name == "settings"


@pytest.mark.parametrize("source", sorted(PACKAGE.rglob("*.py")), ids=room_of)
def test_there_is_one_guard(source: Path) -> None:
    """Whatever goes wrong is caught in one place; elsewhere it is raised on when something was put back in order."""
    swallowing = [
        node.lineno
        for node in ast.walk(tree_of(source))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _raises(node)
    ]
    assert swallowing == [] or room_of(source) in GUARDS


def _catches_all(exception: ast.expr | None) -> bool:
    return exception is None or (isinstance(exception, ast.Name) and exception.id in ("Exception", "BaseException"))


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))
