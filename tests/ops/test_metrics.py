"""Prometheus's view: every request of every worker, once, in the semantic conventions' names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from otel_mlflow import Tracing, ops
from otel_mlflow.ops.metrics.meters import SharedMeters
from otel_mlflow.ops.metrics.series_store import MAX_SERIES, OVERFLOW, Additions, SeriesStore
from tests.ops.dashboards import settings_of
from tests.ops.scraping import SERVED, Scrape, scraped
from tests.servers.app_server import AppServer, ServerName
from tests.servers.process import clean_environment, until

OUTCOMES = "otel_mlflow_http_requests_total"
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
    assert not [sample for sample in found.samples if "service_instance_id" in sample.labels]
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


PROMETHEUS = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}


def test_what_a_killed_worker_counted_stays(tmp_path: Path) -> None:
    """A time series is the host's: no label of a process, and it only grows, also over a new deployment."""
    environment = {"OTEL_MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db", **BOTH}
    first = AppServer("tests.ops.served:app", folder=tmp_path, environment=environment)
    for item in (1, 2, 13, 666):
        httpx.get(f"{first.url}/items/{item}", timeout=30)
    scraped(first, 4)
    first.kill()
    second = AppServer("tests.ops.served:app", folder=tmp_path, environment=environment)
    try:
        httpx.get(f"{second.url}/items/3", timeout=30)
        found = scraped(second, 5)
    finally:
        second.terminate()
    assert found.total(OUTCOMES, **ITEM, otel_mlflow_outcome="error") == 1
    assert not [sample for sample in found.samples if "service_instance_id" in sample.labels]


def test_what_can_be_known_is_there_at_zero(store: Path, tmp_path: Path) -> None:
    """Each route with each outcome, before anybody has asked for it; excluded ones are not."""
    app = FastAPI()
    tracing = Tracing(settings_of(store, tmp_path))
    app.get("/items/{item}")(lambda item: item)
    app.get("/health")(lambda: "ok")
    app.mount("/ops", ops.app(tracing))
    found = Scrape(TestClient(app).get("/ops/metrics").text)
    tracing.shutdown(0)
    samples = list(found.matching(OUTCOMES, **ITEM))
    assert {sample.labels["otel_mlflow_outcome"] for sample in samples} == {"ok", "error", "cancelled"}
    assert {sample.value for sample in samples} == {0.0}
    assert {sample.labels["http_route"] for sample in found.matching(OUTCOMES)} == {"/items/{item}"}


def test_a_new_series_is_told_to_prometheus_at_zero_first(tmp_path: Path) -> None:
    """Else `increase()` would never see the first error of a day; people are told the truth at once."""
    store = SeriesStore(tmp_path / "series.db")
    store.add(one("errors", 3))
    assert [series.parts["total"] for series in store.read()] == [3]
    assert [series.parts["total"] for series in store.read_for("one")] == [0]
    store.add(one("errors", 1))
    assert [series.parts["total"] for series in store.read_for("one")] == [4]
    assert [series.parts["total"] for series in store.read_for("another")] == [0]


def test_label_sets_beyond_the_limit_are_counted_together(tmp_path: Path) -> None:
    """An application with ever new routes costs no more than so much."""
    store = SeriesStore(tmp_path / "series.db")
    additions = Additions()
    for number in range(MAX_SERIES + 50):
        additions.add("requests", {"route": f"/{number}"}, "total", 1)
    store.add(additions)
    found = store.read()
    assert len(found) == MAX_SERIES + 1
    assert [series.parts["total"] for series in found if series.labels == OVERFLOW] == [50]


@pytest.mark.parametrize("lost", [b"", b"no database" * 500, None])
def test_a_store_that_is_lost_while_it_is_used_is_made_anew(tmp_path: Path, lost: bytes | None) -> None:
    """By whoever uses it next, so that all workers go on together: it is empty, damaged, or gone with its folder."""
    ours, theirs = (SharedMeters(tmp_path / "metrics") for _ in range(2))
    for meters in (ours, theirs):
        meters.record("otel_mlflow.http.requests", 1, {"otel_mlflow.outcome": "ok"})
        meters.flush()
    shutil.rmtree(tmp_path / "metrics")
    if lost is not None:
        (tmp_path / "metrics").mkdir()
        (tmp_path / "metrics" / "series.db").write_bytes(lost)
    ours.read(None)
    for meters in (ours, theirs):
        meters.record("otel_mlflow.http.requests", 1, {"otel_mlflow.outcome": "ok"})
        meters.flush()
    assert [series.parts for series in ours.read(None)] == [{"total": 2.0}]


def test_a_folder_that_cannot_be_written_to_costs_only_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What this process counts is told all the same, and the trouble once."""
    (tmp_path / "file").touch()
    meters = SharedMeters(tmp_path / "file" / "metrics")
    for _ in range(2):
        meters.record("otel_mlflow.http.requests", 1, {"otel_mlflow.outcome": "ok"})
        meters.flush()
    assert [series.parts for series in meters.read(None)] == [{"total": 2.0}]
    assert [record.message.startswith("metrics are of one worker only") for record in caplog.records] == [True]


def test_prometheus_is_told_when_a_series_began(store: Path, tmp_path: Path) -> None:
    """As OpenMetrics' `_created`."""
    app = FastAPI()
    tracing = Tracing(settings_of(store, tmp_path))
    app.get("/items/{item}")(lambda item: item)
    app.mount("/ops", ops.app(tracing))
    text = TestClient(app).get("/ops/metrics", headers=PROMETHEUS).text
    tracing.shutdown(0)
    assert text.endswith("# EOF\n")
    created = [line for line in text.splitlines() if line.startswith("otel_mlflow_http_requests_created")]
    assert len(created) == 3


def one(metric: str, count: int) -> Additions:
    """Something that was counted."""
    additions = Additions()
    additions.add(metric, {}, "total", count)
    return additions
