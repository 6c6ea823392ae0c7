"""Counts the moments at which work says that it could rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from otel_mlflow.pacing import pace


class Counting:
    """Takes note of each, and rests at none."""

    moments = 0

    def rest_if_due(self) -> None:
        """One more."""
        self.moments += 1


@contextmanager
def moments_to_rest() -> Iterator[Counting]:
    """Those of the work in the block, on this thread."""
    counting = Counting()
    pace(counting)
    try:
        yield counting
    finally:
        pace(None)
