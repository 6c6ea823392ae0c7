"""The closest of many spans that overlap another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.spans.records.overlap import OverlappingSpans

Interval = tuple[int, int]

intervals = st.tuples(st.integers(1, 30), st.integers(1, 30)).map(lambda both: (min(both), max(both)))


def start(span: tuple[int, Interval]) -> int:
    """When a numbered span began."""
    return span[1][0]


def end(span: tuple[int, Interval]) -> int:
    """When it ended."""
    return span[1][1]


@given(st.lists(intervals, max_size=9), st.lists(st.tuples(intervals, st.booleans()), max_size=6))
def test_it_is_the_one_that_a_look_at_all_of_them_finds(
    spans: list[Interval], asked: list[tuple[Interval, bool]]
) -> None:
    """Of those that are not used up the one that started closest, of two the earlier."""
    numbered = list(enumerate(spans))
    used: set[tuple[int, Interval]] = set()
    overlapping = OverlappingSpans(numbered, start, end)
    for (began, ended), uses in asked:
        free = [span for span in sorted(numbered, key=start) if span not in used]
        fitting = [span for span in free if began < end(span) and start(span) < ended]
        expected = min(fitting, key=lambda span: abs(start(span) - began), default=None)
        found = overlapping.closest(began, ended, lambda span: span not in used)
        assert found == expected
        if found is not None and uses:
            used.add(found)


def test_each_of_a_thousand_simultaneous_spans_is_looked_at_once() -> None:
    """What is used up is not looked at again, so that the time grows with the number and not with its square."""
    spans = [(number, (1, 10)) for number in range(1000)]
    overlapping = OverlappingSpans(spans, start, end)
    used: set[tuple[int, Interval]] = set()
    looked_at: list[int] = []

    def is_free(span: tuple[int, Interval]) -> bool:
        looked_at.append(span[0])
        return span not in used

    for _ in spans:
        found = overlapping.closest(1, 10, is_free)
        assert found is not None
        used.add(found)
    assert len(looked_at) < 2 * len(spans)
