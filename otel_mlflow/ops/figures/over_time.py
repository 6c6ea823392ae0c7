"""What was spent over time by model and by user, and what was thought over time: of those with the most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.sums import SparseSums, as_figure
from otel_mlflow.ops.figures.traffic import Steps
from otel_mlflow.ops.index.columns import Array
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import MOST_LINES
from otel_mlflow.ops.summary import Row


class OverTime:
    """Sums by a word and step of time; `size` says which of them decides what is shown."""

    def __init__(self, kind: str, columns: Sequence[str], question: Question, words: Words) -> None:
        self._kind = kind
        self._columns = columns
        self._words = words
        self._steps = Steps(question, question.step_ms)
        self._sums = SparseSums()

    def add_rows(self, numbers: Array, times: Array, values: Sequence[Array]) -> None:
        """Count: the numbers of words, when, and what."""
        self._sums.add(numbers.astype(np.int64) * self._steps.size + self._steps.keys(times), values)

    def rows(self) -> list[Row]:
        """By time: of the words with most of the first column."""
        keys, sums = self._sums.sums()
        if not len(keys):
            return []
        numbers, steps = keys // self._steps.size, keys % self._steps.size
        chosen = self._largest(numbers, sums[0])
        rows = [
            {
                "time": self._steps.time(int(steps[place])),
                self._kind: chosen[int(numbers[place])],
                **{name: as_figure(name, column[place]) for name, column in zip(self._columns, sums, strict=True)},
            }
            for place in np.flatnonzero(np.isin(numbers, list(chosen))).tolist()
        ]
        return sorted(rows, key=lambda row: (row["time"], row[self._kind]))

    def _largest(self, numbers: Array, sizes: Array) -> dict[int, str]:
        totals = np.bincount(numbers, sizes)
        least = np.sort(totals)[-MOST_LINES:][0]
        texts = self._words.texts(self._kind, np.flatnonzero(totals >= max(least, 1)).tolist())
        ordered = sorted(texts.items(), key=lambda item: (-totals[item[0]], item[1]))
        return dict(ordered[:MOST_LINES])


class SpentOverTime:
    """Tokens and cost by model or by user."""

    def __init__(self, kind: str, question: Question, words: Words) -> None:
        self._kind = kind
        self._over_time = OverTime(kind, ("total_tokens", "cost"), question, words)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        used = chunk.rows(f"spent_by_{self._kind}")
        known = np.flatnonzero(used[self._kind])
        numbers, times, tokens, cost = (used[name][known] for name in (self._kind, "time", "total_tokens", "cost"))
        self._over_time.add_rows(numbers, times, (tokens, cost))

    def rows(self) -> list[Row]:
        """By time."""
        return self._over_time.rows()


class FeedbackOverTime:
    """Feedback by name."""

    def __init__(self, question: Question, words: Words) -> None:
        self._over_time = OverTime("name", ("given", "numbers", "total"), question, words)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        given = chunk.rows("by_value")
        self._over_time.add_rows(given["name"], given["time"], (given["given"], given["numbers"], given["total"]))

    def rows(self) -> list[Row]:
        """By time."""
        return [_with_mean(row) for row in self._over_time.rows()]


def _with_mean(row: Row) -> Row:
    numbers, total = row.pop("numbers"), row.pop("total")
    return {**row, "mean": total / numbers if numbers else None}
