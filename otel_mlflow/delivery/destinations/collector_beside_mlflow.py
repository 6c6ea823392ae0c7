"""A collector that takes the spans on their way to an MLflow server, and the server itself for what OTLP cannot carry.

| what | way |
| --- | --- |
| spans; tags, session and user, which the root carries | the collector |
| request id, metadata and previews set by user code, a request's run, its own experiment | the server's REST API |
| feedback, attachments, prompt links | the server's REST API, once the trace has arrived |

What goes beside the spans waits until the server has the trace: what was said last must arrive last, and nothing is to
arrive of a trace that a sampling collector leaves out. A trace is in the experiment that its info names. An MLflow
server that is down holds up no span, a collector that is down no feedback.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.destinations.collector import Collector
from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import (
    DeliveryError,
    ExperimentUnusableError,
    MetadataUndeliveredError,
    RejectedError,
    TraceNotFoundError,
    TracesNotFoundError,
)

ATTEMPTS = 120
"""Times that MLflow is asked for a trace: about an hour, which a Collector's queue may hold it."""

ATTEMPTS_WHEN_SAMPLED = 12
"""The same where the collector may have left it out: about three minutes, more than it takes to decide."""

SENDERS = 4
"""Requests under way at once."""


class CollectorBesideMlflow:
    """`collector` for the spans, `mlflow` for all else; the collector sends the spans, or a sample, to that server."""

    accepts_metadata_later = True

    def __init__(self, collector: Collector, mlflow: MlflowServer, *, is_sampled: bool = False) -> None:
        self._collector = collector
        self._mlflow = mlflow
        self._is_sampled = is_sampled
        self._attempts = ATTEMPTS_WHEN_SAMPLED if is_sampled else ATTEMPTS
        self._connected: Connected | None = None

    def open(self) -> Connected:
        """Open both. An MLflow server that is not reached now is tried again when something is to be sent to it."""
        collector = self._collector.open()
        try:
            mlflow = self._connect()
        except DeliveryError as error:
            return replace(collector, note=f"what OTLP cannot carry waits: {error.reason}")
        return replace(
            mlflow,
            tracking_uri=f"{collector.tracking_uri} and {mlflow.tracking_uri}",
            note=f"spans go to the collector at {collector.tracking_uri}, and on from there",
        )

    def close(self) -> None:
        """Close the connections."""
        self._collector.close()
        self._disconnect()

    def needs_info(self, trace: SpooledTrace) -> bool:
        """Where OTLP does not carry all of it, or where the trace is to be in another experiment than the others."""
        return self._connected is None or trace.experiment is not None or self._mlflow.needs_info(trace)

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Spans first; the rest of those traces that the server has.

        Raises `TracesNotFoundError` for the others, and `MetadataUndeliveredError` where the spans have been taken, and
        the rest has not.
        """
        self._collector.send(batch)
        with_info = [trace for trace in batch if trace.info]
        with self._beside():
            arrived = self._arrived([trace for trace in with_info if not trace.spans])
            if arrived:
                self._mlflow.send_infos(arrived)
        if awaited := frozenset(trace.id for trace in with_info if trace not in arrived):
            raise TracesNotFoundError(awaited, attempts=self._attempts, may_be_left_out=self._is_sampled)

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment, once the trace has come through the collector; one that samples is to keep it."""
        if self._is_sampled and not feedback.attempts:
            self._collector.ask_to_keep(feedback.trace_id)
        with self._beside():
            self._connect()
            try:
                self._mlflow.log_assessment(feedback)
            except TraceNotFoundError as error:
                raise TraceNotFoundError(error.reason, error.fix, attempts=self._attempts) from error

    def _arrived(self, batch: Sequence[SpooledTrace]) -> list[SpooledTrace]:
        """Those whose traces the server has. Asks nothing where there are none."""
        if not batch:
            return []
        self._connect()
        known: set[str] = set()

        def ask(trace_id: str) -> None:
            if self._mlflow.knows(trace_id):
                known.add(trace_id)

        map_parallel({trace.trace_id: None for trace in batch}, ask, threads=SENDERS)
        return [trace for trace in batch if trace.trace_id in known]

    def _connect(self) -> Connected:
        if self._connected is None:
            self._connected = self._mlflow.open()
        return self._connected

    def _disconnect(self) -> None:
        self._mlflow.close()
        self._connected = None

    @contextmanager
    def _beside(self) -> Generator[None, None, None]:
        """Tell what is no record's or experiment's fault apart from what the collector answers."""
        try:
            yield
        except (RejectedError, ExperimentUnusableError):
            raise
        except DeliveryError as error:
            self._disconnect()
            raise MetadataUndeliveredError(f"trace info, runs and feedback wait: {error.reason}", error.fix) from error
