"""The rooms marked pure import nothing that could make them otherwise."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import otel_mlflow.content
import otel_mlflow.http.sampling

ALLOWED = {
    *("__future__", "base64", "binascii", "bisect", "codecs", "collections", "collections.abc", "dataclasses"),
    *("datetime", "decimal", "enum", "fractions", "functools", "json.encoder", "pathlib", "types", "uuid"),
    *("itertools", "json", "math", "operator", "re", "typing", "unicodedata", "urllib.parse", "zlib"),
}
CONTENT = Path(otel_mlflow.content.__file__).parent
PURE = [*sorted(CONTENT.glob("*.py")), Path(otel_mlflow.http.sampling.__file__)]


def imported(path: Path) -> set[str]:
    """List what a module imports when it runs, apart from its neighbours."""
    tree = ast.parse(path.read_text())
    for_types = {id(node) for block in ast.walk(tree) if isinstance(block, ast.If) for node in ast.walk(block)}
    nodes = [node for node in ast.walk(tree) if id(node) not in for_types]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name for name in names if not name.startswith(("otel_mlflow.content", "otel_mlflow.pacing"))}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_imports_only_what_is_pure(path: Path) -> None:
    """No clock, no randomness, no files, no network, no library. Where a search may rest is not in its result."""
    assert imported(path) <= ALLOWED
