"""Every mark of a chart: what it says that it shows is right, and none is missing."""

from __future__ import annotations

from tests.app.oracle.claims import (
    _average_steps,
    _averages,
    _changes,
    _running,
    _shares,
    _shares_of_each,
    _steps,
)
from tests.app.oracle.reading import is_right
from tests.app.oracle.slide import Points, Slide


def check_marks(slide: Slide) -> None:
    """The marks of a slide's chart, against the right figures."""
    right = _right_marks(slide)
    told = dict(mark.rsplit(": ", 1) for mark in slide.marks)
    assert len(told) == len(slide.marks), slide.marks
    assert told.keys() == right.keys(), (slide.chart, slide.words, told.keys() ^ right.keys())
    wrong = {name: (told[name], right[name]) for name in told if not is_right(told[name], right[name])}
    assert not wrong, (slide.chart, slide.words, wrong)


def _right_marks(slide: Slide) -> Points:
    if slide.chart.startswith("average change of"):
        return _average_steps(slide)
    if slide.chart.startswith("running total of"):
        lines = _running(slide)
        return {f"{name}, {at}" if name else at: value for name, line in lines.items() for at, value in line.items()}
    if slide.chart.startswith("change of"):
        return _changes(slide)[0] if len(slide.question.split) == 2 else _steps(slide)
    if slide.chart.startswith(("average", "median")):
        return _averages(slide)
    if slide.chart.startswith("share of"):
        return _right_shares(slide)
    if not slide.question.split:
        return {slide.question.measure: next(iter(slide.points.values()))}
    if len(slide.question.split) == 1:
        return slide.points
    lines = slide.along(slide.question.split[0])
    return {f"{name}, {label}": value for name, line in lines.items() for label, value in line.items()}


def _right_shares(slide: Slide) -> Points:
    if len(slide.question.split) == 1:
        return _shares(slide.points)
    lines = _shares_of_each(slide)
    named = {name for name in lines if name in slide.words.partition(" for ")[2]} if slide.share_of else set(lines)
    several = len(named) > 1
    return {f"{name}, {label}" if several else label: value for name in named for label, value in lines[name].items()}
