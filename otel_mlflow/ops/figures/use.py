"""Models and tools: how often they were called, what they used, and how long that took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from otel_mlflow.ops.figures.chunk import Chunk
from otel_mlflow.ops.figures.percentiles import LATENCY, BucketPercentiles
from otel_mlflow.ops.figures.sums import add_up, as_figure
from otel_mlflow.ops.index.rollups import SPENT
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.sources.base import MOST_KINDS
from otel_mlflow.ops.sources.counting import NO_LATENCY
from otel_mlflow.ops.summary import Missing, Row
from otel_mlflow.pacing import paced
from otel_mlflow.spans.records.duration_buckets import UNKNOWN

ORDER: dict[str, Callable[[Row], Any]] = {
    "model": lambda row: (-row["calls"], row["model"]),
    "tool": lambda row: (-row["failures"], -row["calls"], row["tool"]),
    "span": lambda row: (-row["mean_ms"] * row["calls"], row["span"]),
}
COUNTED = {"model": ("calls", *SPENT), "tool": ("calls", "failures"), "span": ("calls", "failures")}


class Use:
    """Calls of models or tools, or other spans, by name."""

    def __init__(self, kind: str, words: Words) -> None:
        self._kind = kind
        self._words = words
        size = words.size(kind)
        self._sums = {name: np.zeros(size) for name in (*COUNTED[kind], "total_ms")}
        self._longest = np.zeros(size, np.int64)
        self._percentiles = BucketPercentiles(*LATENCY)
        self._untimed = 0

    def add(self, chunk: Chunk) -> None:
        """Count."""
        used = chunk.rows(f"by_{self._kind}")
        keys = used[self._kind].astype(np.intp)
        for name, sums in self._sums.items():
            add_up(sums, keys, used[name])
        # `maximum.at` takes seven times as long as the comparison, after which there is hardly anything for it.
        longer = np.flatnonzero(used["longest_ms"] > self._longest[keys])
        np.maximum.at(self._longest, keys[longer], used["longest_ms"][longer])

        timed = chunk.rows(f"{self._kind}_durations")
        self._percentiles.add(timed[self._kind], timed["bucket"], timed["calls"])
        self._untimed += int(timed["calls"][timed["bucket"] == UNKNOWN].sum())

    def missing(self) -> Iterable[Missing]:
        """Calls that percentiles leave out."""
        if self._untimed:
            reason = f"percentiles leave out {self._untimed} calls of which only the mean and the longest are known"
            yield Missing(f"{self._kind}s", reason)

    def rows(self) -> list[Row]:
        """By name."""
        percentiles = self._percentiles.rows()
        keys = np.flatnonzero(self._sums["calls"]).tolist()
        texts = self._words.texts(self._kind, keys)
        rows = [
            {self._kind: text, **self._row(key), **percentiles.get(key, NO_LATENCY)}
            for key, text in paced(texts.items())
        ]
        return sorted(rows, key=ORDER[self._kind])[:MOST_KINDS]

    def _row(self, key: int) -> Row:
        sums = {name: as_figure(name, sums[key]) for name, sums in self._sums.items()}
        total_ms = sums.pop("total_ms")
        return {**sums, "mean_ms": total_ms / sums["calls"], "longest_ms": int(self._longest[key])}


class Unread:
    """Traces that do not tell all: what they used, and which spans they have."""

    def __init__(self) -> None:
        self._count = self._unnamed = 0

    def add(self, chunk: Chunk) -> None:
        """Count."""
        rows = chunk.rows("all")
        self._count += int(rows["is_unread"].sum())
        self._unnamed += int(rows["is_unnamed"].sum())

    def missing(self) -> Iterable[Missing]:
        """What cannot be told because of them."""
        if self._count:
            reason = f"the spans of {self._count} traces without our summary tag cannot be read on this backend"
            yield from (Missing(name, reason) for name in ("models", "tools"))
        if self._unnamed:
            yield Missing("spans", f"{self._unnamed} traces do not tell all their spans by name in our summary tag")
