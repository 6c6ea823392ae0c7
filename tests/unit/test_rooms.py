"""Rooms that decide purely know no clock, no dice, no files and no library but Python's own; nobody looks upstairs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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


def walked() -> Iterator[tuple[Path, list[ast.AST]]]:
    """All files of the package, each with all that is in it as Python reads it."""
    return ((source, all_of(source)) for source in sorted(PACKAGE.rglob("*.py")))


def all_of(source: Path) -> list[ast.AST]:
    """All that is in a file."""
    return list(ast.walk(ast.parse(source.read_text(encoding="utf-8"))))


def names_in(source: Path) -> set[str]:
    """The names that a file uses, of attributes too."""
    nodes = all_of(source)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def importers_of(modules: tuple[str, ...], room: str) -> dict[str, list[str]]:
    """The files of a room that import one of these modules, or what is in it."""
    found = {source: [name for name in imported(source) if name.startswith(modules)] for source in files_of(room)}
    return {room_of(source): names for source, names in found.items() if names}


def files_of(room: str) -> list[Path]:
    """The files of a folder of the package."""
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert len(files) > 5, "a room that has moved would not be looked at"
    return files


def imported(source: Path) -> set[str]:
    """The modules that a file imports when it runs; what only the type checker sees does not count."""
    nodes = all_of(source)
    skipped = {id(child) for node in nodes if _is_for_types(node) for child in ast.walk(node)}
    runs = [node for node in nodes if id(node) not in skipped]
    names = {alias.name for node in runs if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in runs if isinstance(node, ast.ImportFrom)}


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room_of(source: Path) -> str:
    """A file's name from the package on."""
    return str(source.relative_to(PACKAGE))


def test_a_pure_room_imports_nothing_impure() -> None:
    """Errors of ours and the room's own files aside."""
    impure = {room_of(source): sorted(imported(source) - HARMLESS) for source in PURE}
    assert {
        room: names
        for room, imports in impure.items()
        if (names := [name for name in imports if not name.startswith(_own_room(room))])
    } == {}


def _own_room(room: str) -> str:
    return "otel_mlflow.content" if room.startswith("content/") else "otel_mlflow.errors"


def test_a_pure_room_looks_at_no_clock_and_at_no_file() -> None:
    """By no name under which Python offers them."""
    used = {room_of(source): names_in(source) & IMPURE_NAMES for source in PURE}
    assert {room: names for room, names in used.items() if names} == {}


def test_every_pure_room_is_there() -> None:
    """A room that has moved would not be looked at."""
    assert all(source.exists() for source in PURE)
    assert len(PURE) > 5


def test_delivery_knows_nothing_above_it() -> None:
    """Nothing of ASGI, of spans or of requests: only records, which spans write."""
    above = (
        "otel_mlflow.spans",
        "otel_mlflow.asgi.middleware",
        "otel_mlflow.request",
        "otel_mlflow.tracing",
        "starlette",
    )
    assert importers_of(above, "delivery") == {}


def test_spans_know_no_http_clients() -> None:
    """Delivery does the talking."""
    assert importers_of(("requests", "httpx", "urllib.request", "http.client", "aiohttp"), "spans") == {}


def test_the_environment_is_read_in_one_room() -> None:
    """`settings`, so that it can say where each value came from; fork hooks are no reading."""
    readers = {
        room_of(source)
        for source, nodes in walked()
        if any(isinstance(node, ast.Attribute) and _reads_environment(node) for node in nodes)
    }
    assert {room for room in readers if not room.startswith("settings/")} == set()


def test_there_is_one_guard() -> None:
    """Whatever goes wrong is caught in one place; elsewhere it is raised on when something was put back in order."""
    swallowing = {
        f"{room_of(source)}:{node.lineno}"
        for source, nodes in walked()
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _raises(node)
    }
    assert {place for place in swallowing if place.partition(":")[0] not in GUARDS} == set()


def test_no_two_classes_have_one_name() -> None:
    """One word, one meaning."""
    classes = [node.name for _, nodes in walked() for node in nodes if isinstance(node, ast.ClassDef)]
    assert {name for name, count in Counter(classes).items() if count > 1} == set()


def _reads_environment(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "os" and node.attr in ("environ", "getenv")


def _catches_all(exception: ast.expr | None) -> bool:
    return exception is None or (isinstance(exception, ast.Name) and exception.id in ("Exception", "BaseException"))


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))
