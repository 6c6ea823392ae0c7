"""What config/ has for Prometheus and Grafana works with what is really scraped."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from tests.ops.scraping import SERVED, Scrape, scrape
from tests.servers.app_server import REPOSITORY, AppServer
from tests.servers.process import until
from tests.servers.prometheus import Prometheus, program

CONFIG = REPOSITORY / "config"
ALERTS = CONFIG / "prometheus" / "alerts.yaml"
DASHBOARD = CONFIG / "grafana" / "otel-mlflow.json"


def queries() -> list[str]:
    """Grafana's, with its variables filled in as Grafana does."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    written = [target["expr"] for panel in panels for target in panel["targets"]]
    return [query.replace("$__rate_interval", "1m").replace("$job", ".+") for query in written]


def alerts() -> list[str]:
    """The conditions of the alert rules."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def ours(queries: list[str]) -> list[str]:
    """Those that ask for metrics of ours; `up` is Prometheus's own."""
    return [query for query in queries if not query.startswith("up ")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Two workers that have had requests of every kind."""
    folder = tmp_path_factory.mktemp("served")
    environment = {"OTEL_MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    server = AppServer("tests.ops.served:app", folder=folder, environment=environment, workers=2)
    visit(server)
    yield server
    server.terminate()


def visit(server: AppServer) -> None:
    """Requests of every kind."""
    for path in ("/items/1", "/items/13", "/items/666", "/ask"):
        httpx.get(f"{server.url}{path}", timeout=60)


@pytest.fixture(scope="module")
def found(served: AppServer) -> Scrape:
    """What they are scraped for, once whichever is asked knows of all."""
    return until(
        lambda: answer if (answer := scrape(served)).total(SERVED) >= 4 else None,
        seconds=60,
        waiting_for=lambda: "four requests to be counted",
    )


@pytest.mark.parametrize("query", [*queries(), *ours(alerts())], ids=lambda query: " ".join(query.split())[:60])
def test_every_query_uses_names_and_labels_that_there_are(found: Scrape, query: str) -> None:
    """Exactly those of a scrape: no metric, and no label of one, is made up."""
    named = re.findall(r"\b((?:http|gen_ai|otel)\w+)(?:\{([^}]*)\})?", re.sub(r"by \([^)]*\)", "", query))
    assert named
    for name, selector in named:
        assert list(found.matching(name)), name
        labels = {label for sample in found.matching(name) for label in sample.labels} | {"job", "instance"}
        assert set(re.findall(r"(\w+)\s*[!=]~?", selector)) <= labels, query
    grouped = {label for by in re.findall(r"by \(([^)]*)\)", query) for label in re.findall(r"\w+", by)}
    assert grouped <= {label for sample in found.samples for label in sample.labels} | {"job", "instance"}


def test_alerts_wake_somebody_when_they_should(tmp_path: Path) -> None:
    """And not for one failure of two, nor for clients that went away (`alert_rules.yaml`)."""
    for path in (ALERTS, Path(__file__).with_name("alert_rules.yaml")):
        shutil.copy(path, tmp_path)
    command = [program("promtool"), "test", "rules", str(tmp_path / "alert_rules.yaml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_alert_rules_are_rules() -> None:
    """By Prometheus's own checker."""
    ran = subprocess.run([program("promtool"), "check", "rules", ALERTS], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_prometheus_scrapes_the_workers_and_grafana_finds_its_data(served: AppServer, tmp_path: Path) -> None:
    """Every query of the dashboard has an answer, every alert rule is loaded and evaluated without an error."""
    prometheus = Prometheus(tmp_path, CONFIG / "prometheus" / "prometheus.yaml", served.url.removeprefix("http://"))
    silent = set(queries())

    def all_answer() -> bool:
        visit(served)
        silent.difference_update([query for query in silent if prometheus.query(query)])
        return not silent

    try:
        until(all_answer, seconds=90, waiting_for=lambda: f"answers to {silent}")
        until(
            lambda: all(rule["health"] == "ok" for rule in prometheus.rules()),
            seconds=60,
            waiting_for=lambda: f"the rules to be evaluated: {prometheus.rules()}",
        )
        assert len(prometheus.rules()) == len(alerts())
        assert [rule["name"] for rule in prometheus.rules() if rule["state"] == "firing"] == []
        check_increase(served, prometheus)
    finally:
        prometheus.stop()


def check_increase(served: AppServer, prometheus: Prometheus) -> None:
    """The first error of a route and type is in `increase()`, although nobody knew of it before."""
    httpx.get(f"{served.url}/items/667", timeout=60)
    for metric in (
        'otel_mlflow_http_requests_total{otel_mlflow_outcome="error"}',
        'http_server_request_duration_seconds_count{error_type="KeyError"}',
    ):
        query = f"sum(increase({metric}[5m])) > 0.9"
        until(partial(prometheus.query, query), seconds=60, waiting_for=partial(str, f"the error in {metric}"))
