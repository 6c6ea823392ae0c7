"""Prometheus's view: every request of every worker, once, in the semantic conventions' names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from otel_mlflow.ops.metrics.snapshots import KEPT_FOR, Snapshots, labelled
from tests.ops.scraping import SERVED, Scrape, scraped
from tests.servers.app_server import AppServer, ServerName
from tests.servers.process import clean_environment, until

BOTH = {"OTEL_MLFLOW_TRACING__SAMPLE_RATE": "0"}
ITEM = {"http_route": "/items/{item}", "http_request_method": "GET"}


def ask_until_both_have_answered(server: AppServer) -> Counter[int]:
    """Call the model on new connections until two workers have done so; how often each."""
    answered: Counter[int] = Counter()

    def look() -> bool:
        answered[httpx.get(f"{server.url}/ask", timeout=30).json()] += 1
        return len(answered) >= 2

    until(look, seconds=60, waiting_for=lambda: f"a second worker to answer, beside {answered}")
    return answered


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn --preload"])
def test_two_workers_are_scraped_as_one(tmp_path: Path, name: ServerName) -> None:
    """Whichever answers; also the requests whose traces are not kept, and the models that they called."""
    environment = {"OTEL_MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db", **BOTH}
    server = AppServer("tests.ops.served:app", folder=tmp_path, environment=environment, server=name, workers=2)
    try:
        asked = ask_until_both_have_answered(server).total()
        for item in (1, 2, 13, 666):
            httpx.get(f"{server.url}/items/{item}", timeout=30)
        found = scraped(server, asked + 4)
    finally:
        server.terminate()
    check_requests(found, asked)
    check_tokens(found, asked)
    assert len({sample.labels["service_instance_id"] for sample in found.matching(SERVED)}) == 2
    assert "secret" not in found.text


def check_requests(found: Scrape, asked: int) -> None:
    """How many there were of each kind."""
    assert found.total(SERVED, http_route="/ask", http_response_status_code="200") == asked
    assert found.total(SERVED, **ITEM, http_response_status_code="200") == 2
    assert found.total(SERVED, **ITEM, http_response_status_code="404", error_type="") == 1
    assert found.total(SERVED, **ITEM, http_response_status_code="500", error_type="ValueError") == 1
    assert found.total("http_server_request_duration_seconds_sum") > 0
    assert found.total("http_server_request_duration_seconds_bucket", le="+Inf") == asked + 4
    assert found.total("otel_sdk_processor_span_processed_total") == 2 * asked + 4


def check_tokens(found: Scrape, asked: int) -> None:
    """What the models used."""
    for kind, tokens in (("input", 20), ("output", 5)):
        labels = {"gen_ai_request_model": "large", "gen_ai_token_type": kind, "gen_ai_operation_name": "chat"}
        assert found.total("gen_ai_client_token_usage_sum", **labels) == tokens * asked
        assert found.total("gen_ai_client_token_usage_count", **labels) == asked


def test_a_meter_provider_of_the_application_gets_the_same() -> None:
    """What it is configured to push, it pushes: `opentelemetry.metrics.set_meter_provider`, before or after."""
    program = """
import json, tempfile
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
import otel_mlflow
from pathlib import Path

app = Starlette(routes=[Route("/here", lambda request: Response())])
spool = {"spool_dir": Path(tempfile.mkdtemp())}
tracing = otel_mlflow.instrument(app, otel_mlflow.Settings(tracking_uri="http://127.0.0.1:1", delivery=spool))
app.mount("/ops", otel_mlflow.ops.app(tracing))
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
client = TestClient(app)
client.get("/here")
client.get("/ops/metrics")
found = json.loads(reader.get_metrics_data().to_json())
scopes = [scope for resource in found["resource_metrics"] for scope in resource["scope_metrics"]]
ours = [scope["metrics"] for scope in scopes if scope["scope"]["name"] == "otel_mlflow"]
print(json.dumps(sum(ours, [])))
tracing.shutdown(0)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=clean_environment({})
    )
    found: dict[str, Any] = {metric["name"]: metric for metric in json.loads(ran.stdout.splitlines()[-1])}
    point = found["http.server.request.duration"]["data"]["data_points"][0]
    assert (point["count"], point["attributes"]["http.route"]) == (1, "/here")
    assert found["otel.sdk.processor.span.processed"]["data"]["data_points"][0]["value"] == 1
    assert {"otel_mlflow.requests", "otel_mlflow.traces", "otel_mlflow.spool.size", "otel_mlflow.state"} <= set(found)


def test_what_a_worker_left_is_told_until_long_after_its_end(tmp_path: Path) -> None:
    """So that a last scrape sees what it did; then its time series end."""
    dead, living = Snapshots(tmp_path), Snapshots(tmp_path)
    dead.write([["m", "what", "counter", [["m_total", {"a": "b"}, 3.0]]]])
    assert [instance for instance, _ in living.others()] == [dead.instance]
    old = time.time() - KEPT_FOR - 1
    for path in tmp_path.iterdir():
        os.utime(path, (old, old))
    assert list(living.others()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A process of another version may have written it."""
    one, another = Snapshots(tmp_path), Snapshots(tmp_path)
    one.write([])
    next(tmp_path.iterdir()).write_text("half a")
    assert list(another.others()) == []


def test_a_folder_that_cannot_be_written_to_costs_only_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once."""
    (tmp_path / "file").touch()
    snapshots = Snapshots(tmp_path / "file")
    snapshots.write([])
    snapshots.write([])
    assert list(snapshots.others()) == []
    assert [record.message.startswith("metrics are of one worker only") for record in caplog.records] == [True]


def test_samples_of_one_metric_stand_together() -> None:
    """Prometheus refuses a metric that comes twice."""
    one = [["m", "what", "gauge", [["m", {}, 1.0]]], ["n", "what", "gauge", [["n", {}, 2.0]]]]
    two = [["m", "what", "gauge", [["m", {}, 3.0]]]]
    merged = labelled([one, two], ["first", "second"])
    assert [family[0] for family in merged] == ["m", "n"]
    assert [(s[1]["service_instance_id"], s[2]) for s in merged[0][3]] == [("first", 1.0), ("second", 3.0)]
