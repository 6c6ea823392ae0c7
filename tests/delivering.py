"""Traces made by hand, and deliveries to put them into."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow import Settings
from otel_mlflow.delivery import SYSTEM_CLOCK, Clock, Delivery, DeliveryState
from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.status import Counts
from tests.servers.process import until

EXPERIMENT = "delivered"


def spans_of(trace_id: bytes, *, spans: int = 6, name: str = "span", attributes: dict[str, str] | None = None) -> bytes:
    """An OTLP request that holds one trace: a root, and the other spans below it."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    scope = resource.scope_spans.add()
    began = time.time_ns()
    root = secrets.token_bytes(8)
    for number in range(spans):
        span = scope.spans.add(trace_id=trace_id, span_id=secrets.token_bytes(8) if number else root)
        span.name = name if number == 0 else f"{name} {number}"
        span.parent_span_id = root if number else b""
        span.start_time_unix_nano, span.end_time_unix_nano = began, began + 1_000_000
        span.status.code = span.status.STATUS_CODE_OK
        for key, text in (attributes or {"key": "value"}).items():
            span.attributes.add(key=key).value.string_value = text
    return request.SerializeToString()


def info_of(**changes: Any) -> bytes:
    """What OTLP does not carry of a trace."""
    info = {
        "client_request_id": secrets.token_hex(8),
        "request_time_ms": time.time_ns() // 1_000_000,
        "execution_duration_ms": 1,
        "state": "OK",
        "request_preview": "the request",
        "response_preview": "the response",
        "trace_metadata": {"colour": "blue"},
        "tags": {"http.route": "/route", "mlflow.traceName": "GET /route"},
    }
    return json.dumps({**info, **changes}).encode()


def trace(
    *,
    spans: int = 6,
    name: str = "span",
    info: bytes | None = None,
    experiment: str | None = None,
    counted: bool = True,
    attributes: dict[str, str] | None = None,
) -> TraceRecord:
    """One trace, as requests leave them."""
    trace_id = secrets.token_bytes(16)
    return TraceRecord(
        trace_id=f"tr-{trace_id.hex()}",
        spans=spans_of(trace_id, spans=spans, name=name, attributes=attributes),
        info=info_of() if info is None else info,
        experiment=experiment,
        counted=counted,
    )


class Finished:
    """A finished trace that is not written down yet."""

    def __init__(self, record: TraceRecord | None = None) -> None:
        self.record = record or trace()
        self.counted = self.record.counted

    def encode(self) -> TraceRecord:
        """Write it down."""
        return self.record


def settings_for(folder: Path, uri: str = "http://127.0.0.1:1", **delivery: Any) -> Settings:
    """Settings with a spool of their own."""
    return Settings(tracking_uri=uri, experiment_name=EXPERIMENT, delivery={"spool_dir": folder, **delivery})


@contextmanager
def delivering(
    settings: Settings,
    *,
    on_change: Callable[[DeliveryState], None] | None = None,
    read_timeout: float = 5.0,
    clock: Clock = SYSTEM_CLOCK,
) -> Generator[Delivery, None, None]:
    """A running delivery, shut down in the end; it gives up on an answer sooner than it usually does."""

    def connect() -> MlflowServer:
        return MlflowServer(
            settings.tracking_uri or "",
            experiment_name=settings.experiment_name or "",
            experiment_id=settings.experiment_id,
            timeouts=(2.0, read_timeout),
        )

    is_server = (settings.tracking_uri or "").startswith("http")
    delivery = Delivery(settings, connect if is_server else None, clock=clock, on_change=on_change)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.shutdown(timeout=0.2)


def put(delivery: Delivery, traces: int, **kind: Any) -> list[str]:
    """Put so many new traces; answer their ids."""
    records = [trace(**kind) for _ in range(traces)]
    for record in records:
        delivery.put(Finished(record))
    return [record.trace_id for record in records]


def assert_adds_up(counts: Counts) -> None:
    """Check that every request is accounted for."""
    assert counts.requests == counts.excluded + counts.sampled_out + counts.filtered + counts.traced, counts
    assert counts.traced == counts.delivered + counts.pending + counts.quarantined + counts.dropped, counts


def wait_for(delivery: Delivery, reached: Callable[[Counts], bool], *, seconds: float = 30) -> Counts:
    """Wait until the counters are as wanted; check that they add up at every look."""

    def look() -> Counts | None:
        counts = delivery.status().counts
        assert_adds_up(counts)
        return counts if reached(counts) else None

    return until(look, seconds=seconds, waiting_for=lambda: f"other counts than {delivery.status()}")
