"""What is searched window by window is found as if it were searched at once, and no scan sees more than a window."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content.windows import WINDOW, find_all, substitute

OVERLAP = 64
WORD = re.compile(r"(?<!\w)k\w{1,20}=\w{1,30};?")
MATCHES = st.sampled_from(["kind=value;", "key=v", "k=", "ak1=2", "kx=1;"])


class Counted:
    """A pattern that remembers how much text each of its searches saw."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.seen: list[int] = []

    def search(self, text: str, start: int, end: int) -> re.Match[str] | None:
        """Search, and count."""
        self.seen.append(end - start)
        return self._pattern.search(text, start, end)

    def match(self, text: str, start: int, end: int) -> re.Match[str] | None:
        """Match at a place, which is bounded by the pattern."""
        return self._pattern.match(text, start, end)

    def finditer(self, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
        """Search for all, and count."""
        self.seen.append(end - start)
        return self._pattern.finditer(text, start, end)


@given(st.lists(st.tuples(st.integers(0, WINDOW), MATCHES), max_size=12))
def test_the_same_is_found(parts: list[tuple[int, str]]) -> None:
    """Wherever the borders of the windows fall."""
    text = "".join(" " * gap + match for gap, match in parts)
    assert [m.span() for m in find_all(WORD, text, overlap=OVERLAP)] == [m.span() for m in WORD.finditer(text)]
    assert substitute(WORD, lambda m: m[0].upper(), text, overlap=OVERLAP) == WORD.sub(lambda m: m[0].upper(), text)


@pytest.mark.parametrize("shift", range(-OVERLAP, OVERLAP, 3))
def test_a_match_across_a_border_is_whole(shift: int) -> None:
    """It is neither missed nor cut."""
    text = "." * (WINDOW - OVERLAP + shift) + " key=value" + "." * WINDOW
    assert [m[0] for m in find_all(WORD, text, overlap=OVERLAP)] == ["key=value"]


def test_a_part_of_a_text_is_searched() -> None:
    """Between two places, as `finditer` does it."""
    assert [m[0] for m in find_all(WORD, "k1=1 k2=2 k3=3", 4, 10)] == ["k2=2"]


@pytest.mark.parametrize("text", ["x" * 100_000, " key=1" * 20_000])
def test_no_scan_sees_more_than_a_window(text: str) -> None:
    """However long the text is, and however much is found."""
    counted = Counted(WORD)
    assert [m.span() for m in find_all(counted, text)] == [m.span() for m in WORD.finditer(text)]  # type: ignore[arg-type]
    assert max(counted.seen) <= WINDOW
    assert sum(counted.seen) >= len(text)
