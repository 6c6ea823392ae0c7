"""Questions as people ask them: what is asked of the data, what is left out, and every claim recomputed.

cases/questions.json holds a question, the queries that its first slides must answer, and the words that must be said
of what was left out or taken for granted; without queries it must be refused with these words.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from app.questions.reading import read
from tests.app.answering import Told, tell
from tests.app.oracle.claims import check_slide
from tests.app.oracle.marks import check_marks

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases" / "questions.json").read_text("utf-8"))


def check_claims(told: Told) -> None:
    """Every sentence and every mark on every slide is right, and the words say nothing else."""
    for slide in told.findings:
        check_slide(slide)
        check_marks(slide)


@pytest.mark.parametrize("case", CASES, ids=[case["question"] for case in CASES])
def test_a_question_is_answered_in_full_or_says_what_it_leaves_out(case: dict[str, Any]) -> None:
    """The queries are the ones that were asked for; words beyond them are named; all figures are right."""
    told = tell(case["question"])
    assert told.queries[: len(case["queries"])] == case["queries"]
    assert bool(told.document) == bool(case["queries"])
    assert all(words in told.words for words in case["says"]), told.words
    if not any(words.startswith("I left out") for words in case["says"]):
        assert "I left out" not in told.words
    check_claims(told)


def test_there_are_cases_enough() -> None:
    """At least eighty, among them some of each kind that is refused."""
    assert len(CASES) >= 80
    assert len([case for case in CASES if not case["queries"]]) >= 20


def test_what_was_left_out_is_on_the_cover_too() -> None:
    """A deck travels without the conversation."""
    assert "I left out: Siberia." in tell("revenue by region in 2024 for Siberia").document


@pytest.mark.parametrize(
    ("question", "most", "slides"), [("revenue and cost by region", 1, 1), ("cost by region in 2 slides", 10, 2)]
)
def test_what_finds_no_room_is_said(question: str, most: int, slides: int) -> None:
    """The limit is kept, and what was asked for beyond it is named."""
    told = tell(question, most=most)
    assert told.document.count('<div class="slide"') == slides
    assert ("No slide was left for cost by region." in told.words) == (most == 1)


def test_a_sentence_of_very_many_words_is_one_question() -> None:
    """However often it repeats itself: nobody waits for patterns in it."""
    assert len(read("average revenue in 2023 and 2024 " * 40).queries) == 1


@pytest.mark.parametrize(
    "words",
    [
        "which region sells more than West in Q4 ",
        "half of North's revenue ",
        "top 2 and bottom 3 months of South in March vs last quarter ",
    ],
)
def test_twice_the_words_take_twice_the_work(words: str) -> None:
    """And not four times: a long question keeps nobody else waiting."""
    short, long = (_work(words * (letters // len(words))) for letters in (700, 1400))
    assert long < 2.5 * short


def _work(question: str) -> int:
    """How many instructions it takes to read a question, in which nobody looks for patterns."""
    steps, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        read(question)
    finally:
        sys.settrace(before)
    return steps


def test_the_chart_that_was_asked_for_is_drawn() -> None:
    """On the slide that answers the question."""
    first = tell("Show revenue by region as a line chart").findings[0]
    assert first.chart == "revenue by region, line chart"
