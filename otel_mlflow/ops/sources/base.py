"""What the dashboard asks of the place where the traces are."""

from __future__ import annotations

from typing import Protocol

from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Summary

MOST_ROWS = 20
"""Rows of a list of requests, users or sessions."""

MOST_KINDS = 200
"""Rows of a list by route, model, tool or judgement: none of them should be many."""


class Source(Protocol):
    """One backend. Called on threads of the dashboard's own, several at once."""

    def summary(self, question: Question) -> Summary:
        """Have the backend count.

        Raises `DeliveryError` (`TryAgain`, `NeedsRepair`) with what to do when it cannot.
        """
