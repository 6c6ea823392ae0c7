"""Sets of months, and their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questions.months import ALL, months_between, months_of_label, scope_of
from app.questions.times import find_times
from app.questions.tokenise import tokenise


@given(st.sets(st.sampled_from(ALL), min_size=1))
def test_the_name_of_months_means_these_months(months: set[str]) -> None:
    """Whatever months are left over, their words read back as the same."""
    words = scope_of(tuple(sorted(months)))
    named = {month for time in find_times(tokenise(words)) for month in time.months}
    assert (set(ALL) - named if " except " in words else named or set(ALL)) == months


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2024-01", "2024-12", " in 2024"),
        ("2024-10", "2024-12", " in Q4 2024"),
        ("2024-07", "2024-12", " in H2 2024"),
        ("2024-11", "2024-11", " in Nov 2024"),
        ("2024-03", "2024-06", " from Mar 2024 to Jun 2024"),
        ("2023-01", "2024-12", ""),
        ("2019-01", "2019-12", " in 2019"),
    ],
)
def test_months_have_the_shortest_name(first: str, last: str, words: str) -> None:
    """A year is no list of months."""
    assert scope_of(months_between(first, last)) == words


def test_labels_of_rows_are_months() -> None:
    """Each unit as the data write it; anything else is none."""
    assert months_of_label("2024 Q4") == ("2024-10", "2024-11", "2024-12")
    assert len(months_of_label("2024 H1")) == 6
    assert len(months_of_label("2024")) == 12
    assert months_of_label("2024-11") == ("2024-11",)
    assert months_of_label("North") == months_of_label("Q4") == ()
