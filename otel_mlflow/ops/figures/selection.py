"""Which traces a question is about."""

from __future__ import annotations

import numpy as np

from otel_mlflow.ops.index.bands import Threshold
from otel_mlflow.ops.index.block import BLOCK_MS
from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.rollup import TIME
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question

WORD_FILTERS = ("route", "user", "session", "service", "version")


class Selection:
    """What a question's filters mean in an index."""

    def __init__(self, question: Question, words: Words) -> None:
        self.start_ms = question.start_ms
        self.end_ms = question.end_ms
        self.threshold = None if question.slower_than is None else Threshold(question.slower_than * 1000)
        asked = {name: getattr(question, name) for name in WORD_FILTERS}
        self._numbers = {name: words.number(name, text) for name, text in asked.items() if text is not None}
        # A text that the index has never seen.
        self.is_empty = 0 in self._numbers.values()

    @property
    def columns(self) -> list[str]:
        """What it asks of traces."""
        return [TIME, "duration", *self._numbers]

    def is_in_rollups(self, start_ms: int) -> bool:
        """Whether the rollups of the block that begins then can tell what is meant of it."""
        return not self._numbers and self.start_ms <= start_ms and start_ms + BLOCK_MS <= self.end_ms

    def mask(self, block_ms: int, traces: Columns) -> Array:
        """Which traces are meant of the block that begins then."""
        times = traces[TIME].astype(np.int64) + block_ms
        chosen = (times >= self.start_ms) & (times < self.end_ms)
        for name, number in self._numbers.items():
            chosen &= traces[name] == number
        if self.threshold is not None:
            chosen &= self.threshold.is_reached(traces["duration"])
        return np.asarray(chosen)
