"""What a person sees in MLflow's own UI: the address of a trace shows its tree, run and trace lead to each other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from mlflow.entities import Trace
from playwright.sync_api import Page, expect

from tests.acceptance.service import Service
from tests.acceptance.shapes.visits import REQUEST_ID
from tests.servers.browser import local_page
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a browser, loaded anew by each test: MLflow's lists end at the moment at which theirs was loaded."""
    with local_page() as page:
        yield page


def test_the_address_of_a_trace_shows_its_tree(shapes: Service, page: Page) -> None:
    """`current_trace().url` leads to the HTTP span with the spans below it."""
    address = until(
        lambda: shapes.get("/handlers/address").json(), seconds=20, waiting_for=lambda: "the trace to have an address"
    )
    shapes.flush()
    page.goto(address)
    for name in ("GET /handlers/address", "work", "query"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


@pytest.fixture(scope="module")
def with_run(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """The only trace of an experiment, with its run (`runs.mode: request`)."""
    service = Service(
        "tests.acceptance.apps.content:served",
        folder=tmp_path_factory.mktemp("with-run"),
        tracking_uri=mlflow_server.url,
        environment={"OTEL_MLFLOW_RUNS__MODE": "request"},
    )
    try:
        since = time.time()
        answer = service.get("/models")
        [trace] = service.traces({answer.headers[REQUEST_ID]: 4}, since=since)
        yield trace
    finally:
        service.server.terminate()


def test_a_run_leads_to_its_trace(with_run: Trace, mlflow_server: MlflowServer, page: Page) -> None:
    """Its tab "Traces" lists the one, which opens."""
    run_id = with_run.info.trace_metadata["mlflow.sourceRun"]
    page.goto(f"{mlflow_server.url}/#/experiments/{with_run.info.experiment_id}/runs/{run_id}")
    page.get_by_role("tab", name="Traces").click()
    page.get_by_text("path_params").first.click()
    for name in ("GET /models", "gen_ai", "OpenInference", "Traceloop"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_trace_leads_to_its_run(with_run: Trace, mlflow_server: MlflowServer, page: Page) -> None:
    """The column "Run name" of the list of traces is a link to it."""
    page.goto(f"{mlflow_server.url}/#/experiments/{with_run.info.experiment_id}/traces")
    # Advice for whoever comes for the first time lies over the page.
    page.get_by_role("button", name="Got it").click()
    page.get_by_role("button", name="Display").click()
    page.get_by_role("menuitem", name="Columns").click()
    page.get_by_role("menuitemcheckbox", name="Run name").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Run name")).to_be_visible()
    page.get_by_role("link", name="/models").first.click()
    expect(page.get_by_text("latency_seconds", exact=True).first).to_be_visible()
    expect(page.get_by_text(with_run.info.trace_metadata["mlflow.sourceRun"]).first).to_be_visible()
