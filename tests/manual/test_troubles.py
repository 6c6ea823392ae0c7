"""docs/nothing-arrives.md quotes what the code says."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from otel_mlflow.diagnosis.doctor import CHECKS
from tests.manual.markdown import ROOT, prose_of

PAGE = "docs/nothing-arrives.md"
ROWS = [line.split(" | ") for _, line in prose_of(PAGE) if re.match(r"\| \d+ ", line)]
QUOTED = sorted({quote for row in ROWS for quote in re.findall("“([^”]+)”", row[2])})


def test_the_troubles_are_numbered() -> None:
    """From 1, in their order."""
    assert [row[0].strip("| ") for row in ROWS] == [str(number) for number in range(1, len(ROWS) + 1)]


@pytest.mark.parametrize("quote", QUOTED)
def test_what_is_quoted_is_in_the_code(quote: str) -> None:
    """Word by word; `…` stands for what differs from case to case."""
    pieces = [piece.strip() for piece in quote.split("…")]
    assert any(all(piece in message for piece in pieces) for message in messages())


def test_every_check_that_is_named_is_one() -> None:
    """And most of them are why something does not arrive."""
    named = {check for row in ROWS for check in re.findall(r"`(\w+)` (?:ok|warn|fail)", row[2])}
    assert named == {check.name for check in CHECKS}


@cache
def messages() -> tuple[str, ...]:
    """The texts in the code, with `…` in the place of values."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "otel_mlflow").rglob("*.py"))
    return tuple(text for tree in trees for node in ast.walk(tree) if (text := _text(node)))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""
