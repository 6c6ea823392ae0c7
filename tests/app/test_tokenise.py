"""Sentences as tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questions.tokenise import distance, tokenise
from app.questions.tokens import Kind


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("revnue", Kind.MEASURE, "revenue"),
        ("regoin", Kind.DIMENSION, "region"),
        ("Expresso", Kind.MEMBER, "Espresso"),
        ("cold brew", Kind.MEMBER, "Cold Brew"),
        ("profit margins", Kind.MEASURE, "profit margin"),
        ("second quarter", Kind.PART_OF_YEAR, "quarter 2"),
        ("€100k", Kind.NUMBER, "100000"),
        ("50%", Kind.NUMBER, "50"),
        ("didn’t", Kind.NOT, ""),
        ("year-over-year", Kind.RISE, "year"),
        ("weather", Kind.UNKNOWN, "weather"),
        ("team", Kind.UNKNOWN, "team"),
        ("worth", Kind.UNKNOWN, "worth"),
    ],
)
def test_a_word_is_known_or_not(words: str, kind: Kind, value: str) -> None:
    """Phrases before words, typing errors near enough, and no more."""
    assert [(token.kind, token.value) for token in tokenise(words)] == [(kind, value)]


def test_typing_errors_are_marked() -> None:
    """The person is told what was guessed."""
    assert [bool(token.read_as) for token in tokenise("revnue by region")] == [True, False, False]


def test_a_possessive_is_marked() -> None:
    """`North's share` is not the share of something in the North."""
    assert [token.possessive for token in tokenise("North's share")] == [True, False]


@given(st.text(max_size=12), st.text(max_size=12))
def test_the_distance_of_words_is_one(one: str, other: str) -> None:
    """Nothing to itself, the same both ways, and never more than all letters."""
    assert distance(one, one) == 0
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Every token is of the text."""
    assert all(token.text for token in tokenise(text))


@pytest.mark.parametrize(
    "typed", ["\uff52\uff45\uff56\uff45\uff4e\uff55\uff45", "rev\u00adenue", "\u202erevenue", "reve\u200bnue"]
)
def test_letters_are_read_as_they_look(typed: str) -> None:
    """Full-width letters, and what word processors put between letters without showing it."""
    assert [(token.kind, token.value) for token in tokenise(typed)] == [(Kind.MEASURE, "revenue")]
