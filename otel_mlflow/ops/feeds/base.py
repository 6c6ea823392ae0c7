"""What the index asks of a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from otel_mlflow.ops.index.entry import TraceEntry

if TYPE_CHECKING:
    from otel_mlflow.status import Experiment


class Tally(NamedTuple):
    """How many traces there are, and a text that changes when they do."""

    traces: int
    state: str
    mean_ms: float | None = None
    """How long they took, where that and their number is all that there is to compare: nothing was said of them."""


class Feed(Protocol):
    """One backend's traces of one service.

    Raises `DeliveryError` (`RetryableError`, `MisconfigurationError`) with what to do.
    """

    kind: str
    """What people call the backend."""

    def open(self) -> Experiment:
        """Connect, and find the configured experiment."""

    def close(self) -> None:
        """Disconnect."""

    def tallies(self, start_ms: int, end_ms: int, step_ms: int) -> Mapping[int, Tally] | None:
        """Of each step of a time that has traces; None where nobody counts them."""

    def count(self, start_ms: int, end_ms: int) -> int | None:
        """How many traces of a time the backend has; None where nobody counts them."""

    def pages(self, start_ms: int, end_ms: int) -> Iterator[list[TraceEntry]]:
        """The traces of a time, the newest first."""
