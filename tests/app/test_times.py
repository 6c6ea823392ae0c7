"""The times that a question names."""

from __future__ import annotations

import pytest

from app.questions.months import scope_of
from app.questions.times import find_times, note_on
from app.questions.tokenise import tokenise


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        ("Q1 and Q2 2024", [" in Q1 2024", " in Q2 2024"]),
        ("Q4 2023 vs 2024", [" in Q4 2023 and Q4 2024"]),
        ("2024 Q1 and Q2", [" in Q1 2024", " in Q2 2024"]),
        ("in 2024, Q1 vs Q2", [" in Q1 2024", " in Q2 2024"]),
        ("in 2024 except November", [" in 2024", " in Nov 2024"]),
        ("November", [" in Nov 2023 and Nov 2024"]),
        ("from March to June 2024", [" from Mar 2024 to Jun 2024"]),
        ("Nov 2023 to Feb 2024", [" from Nov 2023 to Feb 2024"]),
        ("Jan-Mar 2024", [" in Q1 2024"]),
        ("2024-03 to 2024-06", [" from Mar 2024 to Jun 2024"]),
        ("March to June", [" in Mar 2023 to Jun 2023 and Mar 2024 to Jun 2024"]),
        ("between Q1 and Q3 2024", [" from Jan 2024 to Sep 2024"]),
        ("difference between Q1 and Q3 2024", [" in Q1 2024", " in Q3 2024"]),
        ("compare 2023 to 2024", [" in 2023", " in 2024"]),
        ("since July 2024", [" in H2 2024"]),
        ("from March 2024 onwards", [" from Mar 2024 to Dec 2024"]),
        ("before March 2023", [" from Jan 2023 to Feb 2023"]),
        ("after 2023", [" in 2024"]),
        ("until Q2 2024", [" from Jan 2023 to Jun 2024"]),
        ("first half of 2024", [" in H1 2024"]),
        ("2024Q1", [" in Q1 2024"]),
    ],
)
def test_times_are_read(words: str, scopes: list[str]) -> None:
    """Each time on its own, ranges as one."""
    assert [scope_of(time.months) for time in find_times(tokenise(words))] == scopes


@pytest.mark.parametrize(
    ("words", "notes"),
    [
        ("last year", ["“last year” is read as 2024"]),
        ("this year vs last year", ["“this year” is read as 2024", "“last year” is read as 2023"]),
        ("Q4 2024 vs the previous quarter", ["", "“previous quarter” is read as Q3 2024"]),
        ("last 6 months", ["“last 6 months” is read as H2 2024"]),
        ("first two quarters of 2023", ["“first two quarters of 2023” is read as H1 2023"]),
        ("last quarter of 2023", ["“last quarter of 2023” is read as Q4 2023"]),
        ("next year", ["“next year” is read as 2025"]),
    ],
)
def test_times_that_depend_on_today_say_how_they_are_read(words: str, notes: list[str]) -> None:
    """The data end some day, and nobody knows which day the person means."""
    tokens = tokenise(words)
    assert [note_on(time, tokens).partition(";")[0] for time in find_times(tokens)] == notes
