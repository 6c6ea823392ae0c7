"""`GET /metrics`: what all workers of the host have counted, and how delivery is doing."""

from __future__ import annotations

import hashlib
import importlib.util
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics as metrics_api

from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.ops.bodies import is_accepted
from otel_mlflow.ops.metrics import health
from otel_mlflow.ops.metrics.instruments import (
    INSTRUMENTS,
    OUTCOMES,
    POSSIBLE_OUTCOMES,
    Ended,
    Instrument,
    Served,
    outcome_attributes,
    record,
)
from otel_mlflow.ops.metrics.known_routes import known_routes
from otel_mlflow.ops.metrics.meters import ProvidedMeters, SharedMeters
from otel_mlflow.ops.metrics.recorder import Recorder
from otel_mlflow.ops.metrics.series_store import Series

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

    from otel_mlflow.status import Status
    from otel_mlflow.tracing import Tracing

SCOPE = "otel_mlflow"

STATUS_IS_NEW_FOR = 1.0
"""Seconds in which all metrics of one scrape are read from one status."""

NEEDS = "metrics need `pip install 'otel-mlflow[ops]'`"
OPENMETRICS = "openmetrics"
"""What Prometheus asks for, and people do not."""

UNITS = {"s": "_seconds"}


def can_scrape() -> bool:
    """Whether OpenTelemetry's Prometheus exporter is installed."""
    return importlib.util.find_spec("opentelemetry.exporter.prometheus") is not None


class Metrics:
    """The metrics of one `Tracing`. From when it is made, requests and spans are recorded.

    What is recorded also goes to the application's own meter provider, where it has set one.
    """

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._status: Status | None = None
        self._status_at = 0.0
        self._shared = SharedMeters(folder_of(tracing))
        pushed = metrics_api.get_meter(SCOPE)
        self._pushed = ProvidedMeters(pushed)
        health.observe(pushed, self._current_status)
        self._health = _registry(lambda meter: health.observe(meter, self._current_status))
        self.recorder = Recorder(self._record, self._shared.begin_anew)
        tracing.observer = self.recorder

    def scrape(self, accept: str, scraper: str) -> tuple[bytes, str]:
        """What Prometheus is answered, and its content type."""
        from prometheus_client.exposition import choose_encoder

        self.recorder.work_off()
        is_prometheus = is_accepted(OPENMETRICS, accept)
        found = self._shared.read(scraper if is_prometheus else None)
        encode, content_type = choose_encoder(accept if is_prometheus else "")
        families = _families(found, with_created=is_prometheus)
        return encode(_Collected([*families, *self._health.collect()])), content_type

    def expect(self, router: Any) -> None:
        """Let the counters of an application's routes be there before anything happens."""
        for method, route in known_routes(router):
            if not self._tracing.excluded_urls.match({"type": "http", "path": route}, {}):
                for outcome in POSSIBLE_OUTCOMES:
                    self._shared.make_known(OUTCOMES, outcome_attributes(method, route, outcome))

    def _record(self, events: list[Served | Ended]) -> None:
        record(events, self._shared)
        record(events, self._pushed)
        self._shared.flush()

    def _current_status(self) -> Status:
        now = time.monotonic()
        if self._status is None or now - self._status_at > STATUS_IS_NEW_FOR:
            self._status, self._status_at = self._tracing.status(), now
        return self._status


def folder_of(tracing: Tracing) -> Path:
    """Where the workers of this service keep their metrics: beside the spool, apart from other services'."""
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


def _families(series: Iterable[Series], *, with_created: bool) -> Iterator[Metric]:
    from prometheus_client import Metric

    known = {instrument.name: instrument for instrument in INSTRUMENTS}
    for name, some in groupby(sorted(series, key=lambda one: one.metric), key=lambda one: one.metric):
        instrument = known[name]
        family = name.replace(".", "_") + UNITS.get(instrument.unit, "")
        metric = Metric(family, instrument.description, "histogram" if instrument.bounds else "counter")
        for one in some:
            for suffix, labels, value in _samples(one, instrument):
                metric.add_sample(family + suffix, dict(labels), value)
            if with_created and one.created:
                metric.add_sample(f"{family}_created", dict(one.labels), one.created)
        yield metric


def _samples(series: Series, instrument: Instrument) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """A counter's total; a histogram's buckets, each with all below it, and its count and sum."""
    if not instrument.bounds:
        yield "_total", series.labels, series.parts.get("total", 0.0)
        return
    count = 0.0
    for bound in (*(str(float(bound)) for bound in instrument.bounds), "+Inf"):
        count += series.parts.get(bound, 0.0)
        yield "_bucket", {**series.labels, "le": bound}, count
    yield "_count", series.labels, count
    yield "_sum", series.labels, series.parts.get("sum", 0.0)
