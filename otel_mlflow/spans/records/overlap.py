"""Which of many spans overlaps another one and started closest to it: in logarithmic time, for there may be thousands.

The spans stand in the order in which they started, the leaves of a tree whose nodes hold the latest end below them. To
the left of where a span started, the nearest that ends after that is looked for; to the right, the nearest at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

SpanT = TypeVar("SpanT")

_NONE = -1


class OverlappingSpans(Generic[SpanT]):
    """The spans, of which those that are used up are taken away one by one."""

    def __init__(self, spans: Sequence[SpanT], start: Callable[[SpanT], int], end: Callable[[SpanT], float]) -> None:
        self._spans = sorted(spans, key=start)
        self._starts = [start(span) for span in self._spans]
        self._size = 1 << max(len(self._spans) - 1, 0).bit_length()
        self._latest: list[float] = [_NONE] * (2 * self._size)
        self._latest[self._size : self._size + len(self._spans)] = [end(span) for span in self._spans]
        for node in range(self._size - 1, 0, -1):
            self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])

    def closest(self, start: int, end: float, is_free: Callable[[SpanT], bool]) -> SpanT | None:
        """The span that overlaps this time and started closest to it; of two, the earlier.

        Those that are not free are never going to be, and are taken away.
        """
        while (index := self._closest(start, end)) is not None:
            if is_free(self._spans[index]):
                return self._spans[index]
            self._take_away(index)
        return None

    def _closest(self, start: int, end: float) -> int | None:
        here = bisect_left(self._starts, start)
        before, after = self._last(here, start), self._first(here, start)
        if after is not None and self._starts[after] >= end:
            after = None
        if before is None or after is None:
            return after if before is None else self._first(bisect_left(self._starts, self._starts[before]), start)
        if start - self._starts[before] <= self._starts[after] - start:
            return self._first(bisect_left(self._starts, self._starts[before]), start)
        return after

    def _take_away(self, index: int) -> None:
        node = self._size + index
        self._latest[node] = _NONE
        while node > 1:
            node //= 2
            self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])

    def _first(self, index: int, time: int) -> int | None:
        """The first span from `index` on that ends after `time`."""
        if index >= self._size:
            return None
        node = self._size + index
        while self._latest[node] <= time:
            # To the right: up for as long as the node is a right one, for nothing is beside it below the same parent.
            while node & 1:
                node //= 2
            if node == 0:
                return None
            node += 1
        while node < self._size:
            node = 2 * node if self._latest[2 * node] > time else 2 * node + 1
        return node - self._size

    def _last(self, index: int, time: int) -> int | None:
        """The last span before `index` that ends after `time`."""
        if index == 0:
            return None
        node = self._size + index - 1
        while self._latest[node] <= time:
            while not node & 1:
                node //= 2
            if node == 1:
                return None
            node -= 1
        while node < self._size:
            node = 2 * node + 1 if self._latest[2 * node + 1] > time else 2 * node
        return node - self._size
