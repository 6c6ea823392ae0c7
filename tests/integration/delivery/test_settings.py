"""Settings of delivery that change what arrives, and where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow import Settings
from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, delivering, put, settings_for, spans_of, trace, wait_for
from tests.servers.scripted import EXPERIMENT_ID, ScriptedMlflow


class Collector(BaseHTTPRequestHandler):
    """An OpenTelemetry collector, as much as takes traces."""

    taken: list[tuple[str, str | None, ExportTraceServiceRequest]]

    def do_POST(self) -> None:
        """Take a batch."""
        batch = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        self.taken.append((self.path, self.headers["x-team"], batch))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, type[Collector]]]:
    """A collector's address, and what it has taken."""
    handler = type("ThisCollector", (Collector,), {"taken": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", handler
        server.shutdown()


def test_a_collector_gets_the_spans(tmp_path: Path, collector: tuple[str, type[Collector]]) -> None:
    """`tracing.backend: otlp`, at `otlp.endpoint`, with `otlp.headers`."""
    endpoint, asked = collector
    settings = Settings(
        tracing={"backend": "otlp"},
        otlp={"endpoint": endpoint, "headers": {"x-team": "blue"}},
        delivery={"spool_dir": tmp_path},
    )
    delivery = Delivery(settings)
    delivery.start()
    record = trace()
    delivery.put(Finished(record))
    wait_for(delivery, lambda counts: counts.delivered == 1)
    delivery.shutdown(0.2)
    ((path, team, batch),) = asked.taken
    spans = [span for part in batch.resource_spans for scope in part.scope_spans for span in scope.spans]
    assert (path, team) == ("/v1/traces", "blue")
    assert {f"tr-{span.trace_id.hex()}" for span in spans} == {record.trace_id}


def test_an_experiment_can_be_named_by_its_id(tmp_path: Path) -> None:
    """`experiment_id`: the traces go there, whatever it is called."""
    with ScriptedMlflow() as server:
        settings = Settings(tracking_uri=server.url, experiment_id=EXPERIMENT_ID, delivery={"spool_dir": tmp_path})
        with delivering(settings) as delivery:
            put(delivery, 1)
            wait_for(delivery, lambda counts: counts.delivered == 1)
            assert delivery.experiment is not None
            assert delivery.experiment.id == EXPERIMENT_ID


def test_what_does_not_fit_into_the_spool_is_dropped_and_counted(tmp_path: Path) -> None:
    """`delivery.max_spool_bytes`: the oldest go first."""
    size = len(spans_of(bytes(16)))
    settings = settings_for(tmp_path, max_spool_bytes=20 * size)
    with delivering(settings) as delivery:
        put(delivery, 60)
        counts = wait_for(delivery, lambda counts: counts.traced == 60 and counts.dropped > 0)
        assert counts.pending <= 20
        assert counts.pending + counts.dropped == 60
