"""What this process delivers goes into the host's index at once: no search has to find it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from typing import TYPE_CHECKING

from otel_mlflow.backends.calls import begin
from otel_mlflow.delivery.destinations import resolve_defaults
from otel_mlflow.guard import attempt
from otel_mlflow.ops.sources import has_index, index_path

if TYPE_CHECKING:
    from otel_mlflow.delivery import Delivery
    from otel_mlflow.delivery.records import SpooledTrace
    from otel_mlflow.ops.index.arrivals import Info
    from otel_mlflow.settings import Settings

MOST_WAITING = 1000
"""Traces that wait to be written down; beyond it the oldest are left to the backend's search."""

WRITERS = 2
"""Threads: one that writes, and one that is going to."""


class OwnDeliveries:
    """Writes the traces that `delivery` has brought into the index; those of other experiments are left to search."""

    def __init__(self, settings: Settings, delivery: Delivery) -> None:
        self._settings = resolve_defaults(settings)
        self._delivery = delivery
        self._waiting: deque[SpooledTrace] = deque(maxlen=MOST_WAITING)
        self._writers: list[Future[None]] = []
        if _can_feed(self._settings):
            delivery.subscribe_to_arrivals(self.take)

    def take(self, traces: Sequence[SpooledTrace]) -> None:
        """Have them written down, on another thread: a lock on the index must not hold up delivery."""
        self._waiting.extend(trace for trace in traces if trace.experiment is None)
        self._writers = [writer for writer in self._writers if not writer.done()]
        if self._waiting and len(self._writers) < WRITERS:
            self._writers.append(begin(self._write, "otel-mlflow-ops-arrivals")[0])

    def _write(self) -> None:
        """What cannot be written down is found by searching for it."""
        attempt(self._write_down)

    def _write_down(self) -> None:
        from otel_mlflow.ops.index.trace_index import TraceIndex

        TraceIndex(index_path(self._settings)).add_arrivals(self._infos())

    def _infos(self) -> Iterator[Info]:
        from otel_mlflow.ops.index.arrivals import info_of_arrival

        experiment = self._delivery.experiment
        while self._waiting:
            trace = self._waiting.popleft()
            if experiment is not None:
                yield info_of_arrival(trace, experiment.id)


def _can_feed(settings: Settings) -> bool:
    """Whether there is an index, and what is delivered is with MLflow then: a Collector may keep it for a while."""
    return settings.tracing.backend != "otlp" and find_spec("numpy") is not None and has_index(settings)
