"""The simulation behind docs/scale.md keeps count of every trace, and the page shows what it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scale import LOADS, Part, rows, run, sized

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


@pytest.mark.parametrize(("load", "hosts"), LOADS)
def test_nothing_is_lost_in_half_an_hour_without_mlflow(load: float, hosts: int) -> None:
    """Every trace that arrived has been delivered or waits; the backlog is gone in the end."""
    course = run(sized(load, hosts), load)
    assert course.arrived == pytest.approx(course.delivered + course.waiting + course.dropped)
    assert course.dropped == 0
    assert course.drained > 0


def test_what_is_full_is_not_sent_to() -> None:
    """The chain fills from its end, no part beyond its room; then the first drops, and only then."""
    parts = [Part("first", 1, 100.0, 50.0), Part("second", 1, 100.0, 30.0), Part("last", 1, 100.0, 20.0)]
    course = run(parts, 10.0, outage=60, longest=600)
    assert [course.most[part.name] for part in parts] == [50.0, 30.0, 20.0]
    assert course.dropped == pytest.approx(course.arrived - course.delivered - course.waiting)
    assert course.dropped > 0


def test_the_page_shows_what_the_simulation_gives() -> None:
    """Line for line: `python -m benchmarks.scale` prints the table."""
    assert "\n".join(rows()) in PAGE.read_text(encoding="utf-8")
