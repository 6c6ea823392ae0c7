"""What must be hidden is, what must stay stays. `python -m benchmarks.redaction` has the figures by kind."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.unit.content.corpus.cases import changed, hidden_cases, lines, run
from tests.unit.content.planted import REDACTOR

LEAST_RECALL = 0.97
MOST_CHANGED = 0.02
FEWEST_CASES = 400


def test_recall() -> None:
    """Of all cases, at least so many are hidden."""
    cases = list(hidden_cases(REDACTOR, seed=7))
    leaked = [case for case in cases if case.leaks]
    assert len(cases) >= FEWEST_CASES
    assert len(leaked) <= (1 - LEAST_RECALL) * len(cases), leaked


def test_innocents() -> None:
    """Of all innocents, at most so many are changed."""
    wrong = list(changed(REDACTOR))
    assert len(wrong) <= MOST_CHANGED * len(lines("keep.jsonl")), wrong


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "told", "text": "nothing is hidden here, <<alnum 20>> stays"},
        {"kind": "told", "json": {"note": "<<alnum 20>>"}},
    ],
)
def test_a_leak_is_noticed(line: dict[str, Any]) -> None:
    """The measure can fail."""
    assert run(line, REDACTOR, random.Random(1)).leaks
