"""What the doctor says of the Collectors on the way."""

from __future__ import annotations

import pytest

from otel_mlflow import Settings
from otel_mlflow.backends.collector_metrics import CollectorFigures, figures_in
from otel_mlflow.diagnosis.checks import collectors
from otel_mlflow.diagnosis.setup import LIMITS, Setup
from tests.servers.scripted import ScriptedMlflow

WELL = """\
# HELP otelcol_exporter_queue_size Current size of the retry queue
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_capacity{data_type="traces",exporter="otlp_http/mlflow",otel_scope_name="x"} 1000
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_http/mlflow",otel_scope_name="x"} 12
otelcol_exporter_queue_capacity{data_type="traces",exporter="otlp_http/vendor",otel_scope_name="x"} 1000
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_http/vendor",otel_scope_name="x"} 40
otelcol_receiver_refused_spans_total{receiver="otlp",transport="http"} 3
otelcol_processor_tail_sampling_global_count_traces_sampled_total{decision="sampled",sampled="true"} 5
otelcol_processor_tail_sampling_global_count_traces_sampled_total{decision="not_sampled",sampled="false"} 45
"""


def test_a_collectors_own_metrics_are_read() -> None:
    """The fullest queue, and the sums of what it has refused, kept and left out."""
    assert figures_in(WELL, "c") == CollectorFigures("c", queued=40, capacity=1000, refused=3, kept=5, left_out=45)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('otelcol_exporter_send_failed_spans_total{exporter="otlp_http/mlflow"} 7', "dropped 7 spans"),
        ('otelcol_exporter_enqueue_failed_spans_total{exporter="otlp_http/mlflow"} 2', "dropped 2 spans"),
        ("", ""),
    ],
)
def test_what_is_lost_is_told(more: str, said: str) -> None:
    """Refused is kept by the sender, and no trouble; dropped is gone."""
    assert said in collectors.describe_trouble(figures_in(WELL + more, "c"))


def test_a_queue_that_is_nearly_full_is_told() -> None:
    """Before it refuses."""
    full = 'otelcol_exporter_queue_capacity{exporter="x"} 10\notelcol_exporter_queue_size{exporter="x"} 9\n'
    assert "90% full" in collectors.describe_trouble(figures_in(full, "c"))


def test_one_that_is_none_is_told() -> None:
    """Something else at its address, and nothing there at all; without any there is nothing to check."""
    with ScriptedMlflow() as server:
        monitor = [f"{server.url}/metrics", "http://127.0.0.1:1/metrics"]
        settings = Settings(
            tracing={"backend": "otlp"}, otlp={"endpoint": f"{server.url}/v1/traces", "monitor": monitor}
        )
        found = collectors.check(Setup(settings, LIMITS.timeouts))
    assert found.status == "warn"
    assert "not with a Collector's metrics" in found.detail
    assert "127.0.0.1:1" in found.detail
    bare = Settings(tracing={"backend": "otlp"}, otlp={"endpoint": "http://c:4318/v1/traces"})
    assert collectors.check(Setup(bare, LIMITS.timeouts)).status == "ok"
