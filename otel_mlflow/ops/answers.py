"""The figures, asked for once however many want to see them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Summary

if TYPE_CHECKING:
    from otel_mlflow.ops.sources.base import Source

KEPT = 16
"""Questions whose answers are kept."""


class Answers:
    """Asks the source, one question at a time, and keeps what it said.

    An answer is good for as long as the question is the same, which is for seconds: `question_of` rounds the time.
    One at a time, because the page's readers must not be what slows the backend down.
    """

    def __init__(self, connect: Callable[[], Source]) -> None:
        self._connect = connect
        self._source: Source | None = None
        self._asking = threading.Lock()
        self._kept: OrderedDict[Question, Summary] = OrderedDict()

    def to(self, question: Question) -> Summary:
        """Answer from what is kept, or from the source. Raises `DeliveryError`."""
        if (known := self._kept.get(question)) is not None:
            return known
        with self._asking:
            if (known := self._kept.get(question)) is not None:
                return known
            return self._ask(question)

    def _ask(self, question: Question) -> Summary:
        self._source = self._source or self._connect()
        answer = self._source.summary(question)
        if not answer.is_behind:
            self._kept[question] = answer
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return answer
