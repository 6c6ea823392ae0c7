"""What was spent over time by model and by user, and what was thought over time: of those with the most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.sums import as_figure
from otel_mlflow.ops.figures.traffic import Steps
from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import MOST_LINES
from otel_mlflow.ops.summary import Row

MOST_PENDING = 500_000
"""Sums that are kept in parts before those of the same key are added up."""


class SparseSums:
    """Sums by a whole number, of which few occur."""

    def __init__(self) -> None:
        self._parts: list[tuple[Array, list[Array]]] = []
        self._pending = 0

    def add(self, keys: Array, values: Sequence[Array]) -> None:
        """Add to the sums of each row's key its values."""
        found, places = np.unique(keys, return_inverse=True)
        self._parts.append((found, [np.bincount(places, value, len(found)) for value in values]))
        self._pending += len(found)
        if self._pending > MOST_PENDING:
            self._pending = len(self.sums()[0])

    def sums(self) -> tuple[Array, list[Array]]:
        """The keys in order, and each of the sums."""
        if not self._parts:
            return np.zeros(0, np.int64), []
        found, places = np.unique(np.concatenate([keys for keys, _ in self._parts]), return_inverse=True)
        columns = zip(*(values for _, values in self._parts), strict=True)
        sums = [np.bincount(places, np.concatenate(column), len(found)) for column in columns]
        self._parts = [(found, sums)]
        return found, sums


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

    def __init__(self, kind: str, choose: Callable[[Chunk], Columns | None], question: Question, words: Words) -> None:
        self._kind = kind
        self._choose = choose
        self._over_time = OverTime(kind, ("total_tokens", "cost"), question, words)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        used = self._choose(chunk)
        if used is not None:
            rows = np.flatnonzero((used["total_tokens"] > 0) & (used[self._kind] > 0))
            numbers, times, tokens, cost = (used[name][rows] for name in (self._kind, "time", "total_tokens", "cost"))
            self._over_time.add_rows(numbers, times, (tokens, cost))

    def rows(self) -> list[Row]:
        """By time."""
        return self._over_time.rows()


class JudgedOverTime:
    """Feedback by name."""

    def __init__(self, question: Question, words: Words) -> None:
        self._over_time = OverTime("name", ("given", "numbers", "total"), question, words)

    def add(self, chunk: Chunk) -> None:
        """Count."""
        given = chunk.relations.get("assessment")
        if given is not None:
            is_number = ~np.isnan(given["number"])
            values = (np.ones(len(is_number)), is_number, np.nan_to_num(given["number"]))
            self._over_time.add_rows(given["name"], given["time"], values)

    def rows(self) -> list[Row]:
        """By time."""
        return [_with_mean(row) for row in self._over_time.rows()]


def _with_mean(row: Row) -> Row:
    numbers, total = row.pop("numbers"), row.pop("total")
    return {**row, "mean": total / numbers if numbers else None}
