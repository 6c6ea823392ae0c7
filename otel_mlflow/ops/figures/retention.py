"""Who comes back: of the users who came for the first time in a day or week, how many came in each one after it."""

from __future__ import annotations

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.counting import retention
from otel_mlflow.ops.summary import Row


class Retention:
    """Users by the periods in which they came."""

    def __init__(self, question: Question, words: Words) -> None:
        self._question = question
        self._starts = np.array(question.periods, np.int64)
        self._came = np.zeros((words.size("user"), len(self._starts)), bool)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        if len(self._starts):
            users = chunk.rows("users")
            periods = np.searchsorted(self._starts, users["time"], "right") - 1
            self._came[users["user"], periods] = True

    def rows(self, earlier: Array) -> list[Row]:
        """By the period in which they came first; `earlier` marks who was seen before the window."""
        came = self._came[1:][~earlier[1:]]
        came = came[came.any(axis=1)] if len(self._starts) else came[:0]
        firsts = came.argmax(axis=1) if len(came) else np.zeros(0, np.int64)
        found = []
        for first in np.unique(firsts).tolist():
            counts = came[firsts == first].sum(axis=0).tolist()
            found += [(first, place - first, count) for place, count in enumerate(counts) if count]
        return retention(found, self._question)
