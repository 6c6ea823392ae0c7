"""Every import arrow of the package points down, and each room imports the rooms listed here and no others."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import otel_mlflow

PACKAGE = Path(otel_mlflow.__file__).parent
MOST_MODULES = 14
"""Modules at the top of the package, `__init__` aside: what a user imports, and what everything needs."""

ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "guard": set(),
    "status": set(),
    "mlflow_names": set(),
    "heap": set(),
    "outside": set(),
    "pacing": set(),
    "integrations": {"guard"},
    "content": {"pacing"},
    "settings": {"content", "errors"},
    "http": {"content", "guard", "settings"},
    "backends": {"errors", "integrations", "outside", "settings"},
    "delivery": {"backends", "errors", "guard", "integrations", "outside", "pacing", "settings", "status"},
    "spans": {
        "backends",
        "content",
        "delivery",
        "guard",
        "http",
        "integrations",
        "mlflow_names",
        "outside",
        "pacing",
        "settings",
    },
    "request": {"content", "guard", "mlflow_names", "spans"},
    "carrier": {"spans"},
    "logs": {"request"},
    "feedback": {"content", "delivery", "spans"},
    "startup": {"delivery", "errors"},
    "tracing": {
        *("content", "delivery", "errors", "heap", "http", "integrations", "logs", "settings", "spans", "startup"),
        "status",
    },
    "exporter": {"delivery", "http", "settings", "spans", "startup", "tracing"},
    "testing": {"backends", "delivery", "integrations", "spans", "tracing"},
    "asgi": {"errors", "guard", "http", "integrations", "outside", "settings", "spans", "tracing"},
    "diagnosis": {"backends", "content", "delivery", "errors", "integrations", "settings", "spans"},
    "ops": {
        *("backends", "content", "delivery", "diagnosis", "errors", "guard", "http", "integrations", "outside"),
        *("pacing", "settings", "spans", "status", "tracing"),
    },
    "autoinstrument": {"asgi", "guard", "ops", "settings"},
    "commands": {"autoinstrument", "delivery", "diagnosis", "errors", "ops", "settings", "status"},
}
"""Room → the rooms that it may import, lazily or for types included. Read from the ground up."""


def test_each_room_imports_only_what_is_listed() -> None:
    """An arrow that is new stands in this table before it stands in the code."""
    assert {room: sorted(seen - ROOMS[room]) for room, seen in _imports().items() if seen - ROOMS[room]} == {}


def test_no_listed_arrow_is_out_of_use() -> None:
    """The table says what is, not what might be."""
    seen = _imports()
    assert {room: sorted(listed - seen[room]) for room, listed in ROOMS.items() if listed - seen[room]} == {}


def test_there_is_no_circle() -> None:
    """Between rooms, imports for types and inside functions included."""
    TopologicalSorter(ROOMS).prepare()


def test_the_top_of_the_package_is_small() -> None:
    """What else there is has a room."""
    assert len([path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]) <= MOST_MODULES


FOLDERS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}


@pytest.mark.parametrize("room", sorted(FOLDERS))
def test_there_is_no_circle_inside_a_room(room: str) -> None:
    """Between its files, imports for types and inside functions included."""
    graph = {_module(path): set(_imported(path)) for path in (PACKAGE / room).rglob("*.py")}
    TopologicalSorter({name: seen & graph.keys() - {name} for name, seen in graph.items()}).prepare()


@functools.cache
def _imports() -> dict[str, set[str]]:
    """The rooms, each with the other rooms that any of its files imports."""
    seen: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in PACKAGE.rglob("*.py"):
        room = _room(_module(path))
        if room:
            seen[room] |= {_room(name) for name in _imported(path)} - {room, ""}
    return seen


def _imported(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports anywhere, by full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("otel_mlflow"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _exists(inner) else str(node.module)


def _exists(module: str) -> bool:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    """The part after the package's name, empty for the package itself."""
    return module.split(".")[1] if "." in module else ""
