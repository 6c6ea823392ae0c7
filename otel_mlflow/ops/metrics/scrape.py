"""`GET /metrics`: this process's metrics, the other workers', and how delivery is doing."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics as metrics_api

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.ops.metrics import health
from otel_mlflow.ops.metrics.instruments import Ended, Instruments, Served
from otel_mlflow.ops.metrics.recorder import Recorder
from otel_mlflow.ops.metrics.snapshots import Families, Snapshots, labelled

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from prometheus_client import CollectorRegistry, Metric

    from otel_mlflow.status import Status
    from otel_mlflow.tracing import Tracing

SCOPE = "otel_mlflow"

BETWEEN_SNAPSHOTS = 5.0
"""Seconds: how old another worker's figures may be, and what of them is lost when it is killed."""

STILL_ALIVE = 60.0
"""Seconds after which a process writes its metrics again although nothing has changed: what is old is of the dead."""

STATUS_IS_NEW_FOR = 1.0
"""Seconds in which all metrics of one scrape are read from one status."""

NEEDS = "metrics need `pip install 'otel-mlflow[ops]'`"


def can_scrape() -> bool:
    """Whether OpenTelemetry's Prometheus exporter is installed."""
    return importlib.util.find_spec("opentelemetry.exporter.prometheus") is not None


class Metrics:
    """The metrics of one `Tracing`. From when it is made, requests and spans are recorded.

    What is recorded also goes to the application's own meter provider, where it has set one.
    """

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._folder = folder_of(tracing)
        self._status: Status | None = None
        self._status_at = 0.0
        self._begin()
        pushed = metrics_api.get_meter(SCOPE)
        self._pushed = Instruments(pushed)
        health.observe(pushed, self._look)
        self._health = _registry(lambda meter: health.observe(meter, self._look))
        self.recorder = Recorder(self._record, self._begin)
        tracing.observer = self.recorder

    def scrape(self, accept: str) -> tuple[bytes, str]:
        """What Prometheus is answered, and its content type."""
        from prometheus_client.exposition import choose_encoder

        self.recorder.work_off()
        own = self._snapshot()
        others = list(self._snapshots.others())
        families = labelled(
            [own, *(found for _, found in others)], [self._snapshots.instance, *(name for name, _ in others)]
        )
        encode, content_type = choose_encoder(accept)
        return encode(_Collected([*_metrics(families), *self._health.collect()])), content_type

    def _begin(self) -> None:
        """Start counting at nothing: at first, and in a forked child."""
        self._snapshots = Snapshots(self._folder)
        self._registry = _registry(self._make_instruments)
        self._next_snapshot = math.inf

    def _make_instruments(self, meter: Meter) -> None:
        self._instruments = Instruments(meter)

    def _record(self, events: list[Served | Ended]) -> None:
        self._instruments.record(events)
        self._pushed.record(events)
        if events:
            self._next_snapshot = min(self._next_snapshot, time.monotonic() + BETWEEN_SNAPSHOTS)
        if time.monotonic() >= self._next_snapshot:
            self._snapshot()

    def _snapshot(self) -> Families:
        self._next_snapshot = time.monotonic() + STILL_ALIVE
        families = [
            [family.name, family.documentation, family.type, [[s.name, s.labels, s.value] for s in family.samples]]
            for family in self._registry.collect()
        ]
        self._snapshots.write(families)
        return families

    def _look(self) -> Status:
        now = time.monotonic()
        if self._status is None or now - self._status_at > STATUS_IS_NEW_FOR:
            self._status, self._status_at = self._tracing.status(), now
        return self._status


def folder_of(tracing: Tracing) -> Path:
    """Where the workers of this service leave their metrics: beside the spool, apart from other services'."""
    settings = tracing.settings
    service = f"{settings.service_name}\n{destination_key(settings)}"
    return settings.delivery.spool_dir / "metrics" / hashlib.sha256(service.encode()).hexdigest()[:16]


def _registry(make: Any) -> CollectorRegistry:
    """A registry with what is made on a meter of its own."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    reader = PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=registry)
    make(MeterProvider([reader], shutdown_on_exit=False).get_meter(SCOPE))
    return registry


class _Collected:
    """Metrics that are there already, as prometheus_client's encoders want them."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metrics(families: Families) -> Iterator[Metric]:
    from prometheus_client import Metric

    for name, documentation, kind, samples in families:
        metric = Metric(name, documentation, kind)
        for sample, labels, value in samples:
            metric.add_sample(sample, labels, value)
        yield metric
