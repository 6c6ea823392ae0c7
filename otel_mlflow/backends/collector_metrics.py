"""What an OpenTelemetry Collector says of itself in its own metrics (Prometheus' text, port 8888 by default)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.errors import DeliveryError
from otel_mlflow.settings.addresses import redacted_address

TIMEOUTS = (1.5, 3.0)
"""Seconds for connecting and for an answer."""

AT_ONCE = 8
"""Collectors that are asked at the same time."""

QUEUE_SIZE = "otelcol_exporter_queue_size"
QUEUE_CAPACITY = "otelcol_exporter_queue_capacity"
REFUSED = ("otelcol_receiver_refused_spans", "otelcol_receiver_failed_spans")
DROPPED = ("otelcol_exporter_send_failed_spans", "otelcol_exporter_enqueue_failed_spans")
DECIDED = "otelcol_processor_tail_sampling_global_count_traces_sampled"

_SAMPLE = re.compile(r"^(\w+?)(?:_total)?(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class CollectorFigures:
    """One Collector; counts are since it was started."""

    address: str
    problem: str = ""
    """Why there are no figures; empty when there are."""
    queued: int = 0
    """How much waits in its fullest queue, in that queue's own unit."""
    capacity: int = 0
    """How much that queue holds."""
    refused: int = 0
    """Spans that it has not taken, and whoever sent them keeps."""
    dropped: int = 0
    """Spans that it has taken and that a backend has refused for good: they are lost."""
    kept: int = 0
    left_out: int = 0
    """Traces that its tail sampling has decided about."""

    @property
    def fullness(self) -> float:
        """Share of the fullest queue that is in use."""
        return self.queued / self.capacity if self.capacity else 0.0


def read_all(addresses: Iterable[str]) -> list[CollectorFigures]:
    """Ask all of them at once; those that do not answer say why, in the same order."""
    found: dict[str, CollectorFigures] = {}

    def ask(address: str) -> None:
        found[address] = read(address)

    asked = list(dict.fromkeys(addresses))
    map_parallel(asked, ask, threads=min(AT_ONCE, max(1, len(asked))))
    return [found[address] for address in asked]


def read(address: str) -> CollectorFigures:
    """Ask one."""
    shown = redacted_address(address)
    client = HttpClient(address, {}, timeouts=TIMEOUTS)
    try:
        response = client.get("", {})
    except DeliveryError as error:
        return CollectorFigures(shown, problem=error.reason)
    finally:
        client.close()
    text = response.body.decode("utf-8", "replace")
    if response.status != 200 or "otelcol_" not in text:
        return CollectorFigures(shown, problem=f"it answered {response.status}, and not with a Collector's metrics")
    return figures_in(text, shown)


def figures_in(text: str, address: str) -> CollectorFigures:
    """The figures in a Collector's metrics."""
    samples = [(name, labels, float(value)) for name, labels, value in _SAMPLE.findall(text)]

    def total(names: Iterable[str], label: str = "") -> int:
        return int(sum(value for name, labels, value in samples if name in names and label in labels))

    queued, capacity = max(_queues(samples), key=lambda queue: queue[0] / max(queue[1], 1), default=(0.0, 0.0))
    return CollectorFigures(
        address,
        queued=int(queued),
        capacity=int(capacity),
        refused=total(REFUSED),
        dropped=total(DROPPED),
        kept=total([DECIDED], 'sampled="true"'),
        left_out=total([DECIDED], 'sampled="false"'),
    )


def _queues(samples: list[tuple[str, str, float]]) -> Iterator[tuple[float, float]]:
    """Size and capacity of each exporter's queue."""
    capacities = {labels: value for name, labels, value in samples if name == QUEUE_CAPACITY}
    for name, labels, value in samples:
        if name == QUEUE_SIZE:
            yield value, capacities.get(labels, 0.0)
