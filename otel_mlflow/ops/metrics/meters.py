"""The two places where metrics go: the application's meter provider, and the store that all workers share."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from otel_mlflow.ops.metrics.instruments import INSTRUMENTS, Attributes
from otel_mlflow.ops.metrics.series_store import Additions, Series, SeriesStore

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter

logger = logging.getLogger("otel_mlflow")

BOUNDS = {instrument.name: instrument.bounds for instrument in INSTRUMENTS}


class ProvidedMeters:
    """The instruments on a meter of OpenTelemetry's."""

    def __init__(self, meter: Meter) -> None:
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        for one in INSTRUMENTS:
            if one.bounds:
                self._histograms[one.name] = meter.create_histogram(
                    one.name, one.unit, one.description, explicit_bucket_boundaries_advisory=one.bounds
                )
            else:
                self._counters[one.name] = meter.create_counter(one.name, one.unit, one.description)

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Record a value."""
        if name in self._histograms:
            self._histograms[name].record(value, attributes)
        else:
            self._counters[name].add(value, attributes)


class SharedMeters:
    """The store in `folder`; where it cannot be used, this process's figures alone, and that is said once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "series.db"
        self._store: SeriesStore | None = None
        self._lock = threading.Lock()
        self._additions = Additions()
        self._complained = False

    def record(self, name: str, value: float, attributes: Attributes) -> None:
        """Count a value; `flush` adds it to the store."""
        labels = {key.replace(".", "_"): str(said) for key, said in attributes.items()}
        with self._lock:
            if BOUNDS[name]:
                self._additions.observe(name, labels, BOUNDS[name], value)
            else:
                self._additions.add(name, labels, "total", value)

    def make_known(self, name: str, attributes: Attributes) -> None:
        """Let a counter be there before it counts."""
        self.record(name, 0.0, attributes)

    def flush(self) -> None:
        """Add what was counted; what cannot be added is kept."""
        with self._lock:
            if not self._additions.parts:
                return
            try:
                self._opened().add(self._additions)
            except (OSError, sqlite3.Error) as error:
                self._complain(error)
            else:
                self._additions = Additions()

    def read(self, scraper: str | None) -> list[Series]:
        """What all processes have counted; see `SeriesStore.read_for`."""
        self.flush()
        try:
            return self._opened().read_for(scraper) if scraper is not None else self._opened().read()
        except (OSError, sqlite3.Error) as error:
            self._complain(error)
        with self._lock:
            counted = list(self._additions.parts.items())
        return [Series(metric, dict(labels), 0.0, dict(parts)) for (metric, labels), parts in counted]

    def begin_anew(self) -> None:
        """In a forked child: what was counted is the parent's."""
        self._lock = threading.Lock()
        self._additions = Additions()

    def _opened(self) -> SeriesStore:
        self._store = self._store or SeriesStore(self._path)
        return self._store

    def _complain(self, error: Exception) -> None:
        self._store = None  # The next one may find it in order, or make it anew.
        if not self._complained:
            self._complained = True
            logger.warning("metrics are of one worker only: %s cannot be used: %s", self._path, error)
