"""What of an open trace is ready to be exported, and whether it is going to be."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, NamedTuple, TypeVar

SpanT = TypeVar("SpanT")


class Batch(NamedTuple, Generic[SpanT]):
    """What one record is made of: the spans that ended, and what else is new."""

    finished: list[SpanT]
    is_changed: bool
    """Whether something about the trace as a whole was set."""
    is_cut: bool
    """Whether nobody waits any more for what is still open."""


class ExportState(Generic[SpanT]):
    """The hand-over of one trace: not decided, then released or discarded; queued or not; and the spans to take.

    Its lock guards the flags. The spans are in a queue of their own, to which each is added before it is asked whether
    the trace is queued, so that none falls between two records. Nothing is called while the lock is held.
    """

    __slots__ = ("_changed", "_cut", "_finished", "_lock", "_queued", "discarded", "released")

    def __init__(self) -> None:
        self.released = False
        """Whether the trace was handed over, so that more of it follows by itself."""
        self.discarded = False
        """Whether the trace is not kept."""
        self._finished: deque[SpanT] = deque()
        self._changed = False
        self._cut = False
        self._queued = False
        self._lock = threading.Lock()

    def add_finished(self, span: SpanT) -> bool:
        """Keep a span for the next record; False where there is going to be none."""
        if self.discarded:
            return False
        self._finished.append(span)
        return True

    def mark_changed(self) -> None:
        """Something about the trace as a whole was set."""
        self._changed = True

    def mark_cut(self) -> None:
        """Nobody waits any more for what is still open."""
        self._cut = True

    def release(self) -> None:
        """The trace is kept."""
        self.released = self._changed = True

    def discard(self) -> list[SpanT]:
        """The trace is not kept; answer the spans that nobody takes any more."""
        with self._lock:
            self.discarded = True
            return self._take_finished()

    def mark_queued(self) -> bool:
        """Note that the trace is queued; False where it is already, or is not going to be."""
        with self._lock:
            if self._queued or self.discarded:
                return False
            self._queued = True
            return True

    def take(self) -> Batch[SpanT]:
        """Take what is new since the last record. The trace is queued no more."""
        with self._lock:
            self._queued, is_changed, self._changed, is_cut, self._cut = False, self._changed, False, self._cut, False
            return Batch(self._take_finished(), is_changed, is_cut)

    def _take_finished(self) -> list[SpanT]:
        return [self._finished.popleft() for _ in range(len(self._finished))]
