"""Chains of follow-ups: what each one leaves of the deck, and every claim on it recomputed.

cases/chains.json holds chains of steps; a step has a message, the most slides there may be (ten if it does not say),
the queries that the deck's slides answer afterwards, and words that must be said. Without `queries` the deck must be
left as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.answering import Told, tell
from tests.app.test_answers import check_claims

CHAINS: list[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases" / "chains.json").read_text("utf-8"))


@pytest.mark.parametrize("chain", CHAINS, ids=[" · ".join(step["message"] for step in chain) for chain in CHAINS])
def test_a_chain_of_follow_ups_does_what_each_says(chain: list[dict[str, Any]]) -> None:
    """Each upon the deck that the last one left."""
    deck = ""
    for step in chain:
        told = tell(step["message"], deck, step.get("most", 10))
        assert all(words in told.words for words in step["says"]), told.words
        assert bool(told.document) == ("queries" in step), told.words
        if told.document:
            assert told.queries == step["queries"]
            check_claims(told)
            _check_summary(told)
        deck = told.document or deck


def _check_summary(told: Told) -> None:
    """A summary sums up the slides that are there."""
    if 'data-kind="summary"' in told.document and 'data-kind="finding"' in told.document:
        summary = told.document.partition('data-kind="summary"')[2]
        assert summary.count("<li>") >= len(told.findings)


def test_there_are_chains_enough() -> None:
    """At least thirty, of two steps and more."""
    assert len([chain for chain in CHAINS if len(chain) > 1]) >= 30
