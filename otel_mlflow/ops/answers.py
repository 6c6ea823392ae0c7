"""The figures, asked for once however many want to see them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Summary

if TYPE_CHECKING:
    from otel_mlflow.ops.sources.base import Source

KEPT = 16
"""Questions whose answers are kept."""

FRESH_FOR = 0.5
"""Seconds in which nobody looks whether there is more to tell."""

REST = 20
"""So many times longer than it took to count, the count stays as it is."""


@dataclass(frozen=True)
class Answer:
    """What was said, how long it took to count anew, and when that was; in seconds."""

    summary: Summary
    took: float
    at: float

    @property
    def is_fresh(self) -> bool:
        """Whether it is too early to look for more."""
        return time.monotonic() < self.at + max(FRESH_FOR, REST * self.took)


class Answers:
    """Asks the source, one question at a time, and keeps what it said.

    An answer is good for as long as the question is the same, which is for seconds: `question_of` rounds the time. What
    this host has delivered meanwhile is added to it. One at a time, because the page's readers must not be what slows
    the backend down.
    """

    def __init__(self, connect: Callable[[], Source]) -> None:
        self._connect = connect
        self._source: Source | None = None
        self._asking = threading.Lock()
        self._kept: OrderedDict[Question, Answer] = OrderedDict()

    def to(self, question: Question) -> Summary:
        """Answer from what is kept, or from the source. Raises `DeliveryError`."""
        if (known := self._kept.get(question)) is not None and known.is_fresh:
            return known.summary
        with self._asking:
            return self._ask(question)

    def _ask(self, question: Question) -> Summary:
        self._source = self._source or self._connect()
        known = self._kept.get(question)
        if known is not None and known.is_fresh:
            return known.summary
        if known is None:
            return self._keep(question, self._source.summary(question), took=0.0)
        began = time.monotonic()
        refreshed = self._source.refreshed(known.summary)
        return self._keep(question, refreshed, took=time.monotonic() - began)

    def _keep(self, question: Question, summary: Summary, *, took: float) -> Summary:
        if not summary.is_behind:
            self._kept[question] = Answer(summary, took, time.monotonic())
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return summary
