"""What of an open trace is ready to be exported, and whether it is going to be."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from otel_mlflow.spans.on_demand import OnDemand

SpanT = TypeVar("SpanT")

EARLY_SPANS = 100
EARLY_SECONDS = 5.0
"""How many spans of a trace that lasts wait for a record, and how long."""

AT_ONCE = 50
AFTER_SPANS = 25
"""Of a trace whose spans end faster than they are written, every so many-th writes `AT_ONCE` of them: 0.5 ms. Spans
that wait while two younger collections pass bring on full ones, each of which stops the event loop for 100 ms and more.
"""

LETS_IN = 10
"""Where that cannot be, every tenth lets the writer in. Not every span: a writer may wait for a disk that hangs."""


@dataclass(frozen=True)
class Batch(Generic[SpanT]):
    """What one record is made of: the spans that ended, and what else is new."""

    finished: list[SpanT]
    is_changed: bool
    """Whether something about the trace as a whole was set."""
    is_cut: bool
    """Whether nobody waits any more for what is still open."""
    written: tuple[bytes, ...]
    """The spans that ended before those and were written down already."""


class ExportState(Generic[SpanT]):
    """The hand-over of one trace: not decided, then released or discarded; queued or not; and the spans to take.

    What changes it answers whether the trace is to be queued now. Its lock guards the spans and the flags together, so
    that no span falls between two records. Nothing is called while it is held.
    """

    released = False
    """Whether the trace was handed over, so that more of it follows by itself."""
    discarded = False
    """Whether the trace is not kept."""
    held = False
    """Whether something that is to be in its next record is still under way."""
    _changed = False
    _cut = False
    _queued = False
    _is_early = False
    _written: list[bytes] | None = None
    writing: Any = OnDemand(lambda _: threading.RLock())
    """Held by whoever writes the trace down."""

    def __init__(self) -> None:
        self.finished: list[SpanT] = []
        """The spans for the next record."""
        self._taken_at = time.monotonic()
        self._lock = threading.Lock()

    def add_finished(self, span: SpanT) -> bool:
        """Keep a span for the next record; False where there is going to be none."""
        with self._lock:
            if not self.discarded:
                self.finished.append(span)
            return not self.discarded

    def mark_changed(self) -> bool:
        """Something about the trace as a whole was set."""
        with self._lock:
            self._changed = True
            return self._queue()

    def mark_cut(self) -> bool:
        """Nobody waits any more for what is still open."""
        with self._lock:
            self._cut = True
            return self._queue()

    def keep(self) -> None:
        """The trace is kept, and nothing of it ready yet."""
        with self._lock:
            self._keep()

    def release(self) -> bool:
        """The trace is kept."""
        with self._lock:
            self._keep()
            return self._queue()

    def keep_early(self) -> None:
        """The trace is kept, but not over: its spans follow as they end, what is new of it as a whole waits."""
        with self._lock:
            self.released = self._is_early = True

    def release_early(self) -> bool:
        """The trace is kept, but not over, and part of it ready."""
        self.keep_early()
        return self.mark_queued()

    @property
    def is_decided(self) -> bool:
        """Whether it is known what becomes of the trace as a whole."""
        return self.discarded or (self.released and not self._is_early)

    @property
    def is_due(self) -> bool:
        """Whether what has ended of a trace that lasts should leave memory."""
        waiting = len(self.finished)
        return waiting >= EARLY_SPANS or (waiting > 0 and time.monotonic() - self._taken_at >= EARLY_SECONDS)

    @property
    def is_behind(self) -> bool:
        """Whether spans end faster than they are written."""
        return len(self.finished) >= EARLY_SPANS

    @property
    def is_written_here(self) -> bool:
        """Whether whoever ends a span should write some."""
        return self.is_behind and len(self.finished) % AFTER_SPANS == 0

    @property
    def lets_writer_in(self) -> bool:
        """Whether whoever ends a span should let the writer go on."""
        return self.is_behind and len(self.finished) % LETS_IN == 0

    def takes_with_next(self, span: SpanT) -> bool:
        """Whether the span is going to be in the next record."""
        with self._lock:
            return span in self.finished

    def discard(self) -> list[SpanT]:
        """The trace is not kept; answer the spans that nobody takes any more."""
        with self._lock:
            self.discarded = True
            return self._drop_finished()

    def drop_finished(self) -> list[SpanT]:
        """The spans so far are not kept; answer them."""
        with self._lock:
            return self._drop_finished()

    def mark_queued(self) -> bool:
        """Note that the trace is queued; False where it is already, or is not going to be."""
        with self._lock:
            return self._queue()

    def take_first(self, wanted: Callable[[SpanT], bool]) -> list[SpanT]:
        """Take those that have waited longest, `AT_ONCE` at most, up to the first that is not wanted."""
        first = list(itertools.takewhile(wanted, self.finished[:AT_ONCE]))
        with self._lock:
            if self.finished[: len(first)] != first:
                return []
            del self.finished[: len(first)]
            return first

    def keep_written(self, pieces: Sequence[bytes]) -> None:
        """Keep spans that were written down before there is a record of the trace."""
        with self._lock:
            if not self.discarded:
                self._written = self._written or []
                self._written += pieces

    def take(self) -> Batch[SpanT]:
        """Take what is new since the last record. The trace is queued no more."""
        with self._lock:
            is_changed = self._changed and not self._is_early
            batch = Batch(self.finished, is_changed, self._cut, tuple(self._written or ()))
            self.finished, self._written = [], None
            self._queued = self._cut = False
            self._changed = self._changed and self._is_early
            self._taken_at = time.monotonic()
            return batch

    def _keep(self) -> None:
        self._is_early = False
        self.released = self._changed = True

    def _queue(self) -> bool:
        is_ready = self.released and not (self.held or self.discarded or (self._is_early and not self.is_due))
        if self._queued or not is_ready:
            return False
        self._queued = True
        return True

    def _drop_finished(self) -> list[SpanT]:
        finished, self.finished, self._written = self.finished, [], None
        return finished
