"""The page behind a proxy that cuts every connection after a while, as that of Databricks Apps does after 60 s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.acceptance.slide_service import SECONDS, TURN_OUTCOME, SlideService
from tests.servers.browser import PATIENCE, local_page
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.time_limit_proxy import TimeLimitProxy

pytestmark = pytest.mark.soak
FOLLOWING = "/api/chat/events/"


@pytest.fixture
def service(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[SlideService]:
    """The app with a model that waits."""
    service = SlideService("tests.app.served:held", folder=tmp_path / "held", tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


def wait_in(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for something outside the page, which stands still unless it is spoken to."""
    until(lambda: page.evaluate("true") and condition(), seconds=SECONDS, waiting_for=page.content)


def test_a_turn_outlasts_the_proxy(service: SlideService) -> None:
    """The line is cut twice while the model thinks; the page takes it up again, and shows the answer and its deck."""
    cut: list[Request] = []
    with TimeLimitProxy(service.server.url, seconds=3.0) as proxy, local_page() as page:
        expect.set_options(timeout=PATIENCE)
        page.on("requestfailed", lambda request: cut.append(request) if FOLLOWING in request.url else None)
        page.goto(proxy.url)
        page.get_by_label("Your question").fill("revenue by region in 2024")
        page.get_by_role("button", name="Ask").click()
        wait_in(page, lambda: bool(service.get("/control/reached").json()))
        wait_in(page, lambda: len(cut) >= 2)
        service.post("/control/go")
        expect(page.locator(".after")).to_have_count(1)
        expect(page.locator(".said.assistant.failed")).to_have_count(0)
        expect(page.get_by_text("North leads with 36% of revenue in 2024").first).to_be_visible()
        expect(page.locator(".card")).to_have_count(5)
    (session,) = service.get("/api/sessions").json()["sessions"]
    said = service.get(f"/api/sessions/{session['session_id']}/messages").json()["messages"]
    (trace_id,) = {message["trace_id"] for message in said}
    trace = service.trace(trace_id, 12, TURN_OUTCOME)
    assert (trace.info.state.value, trace.info.tags[TURN_OUTCOME]) == ("OK", "completed")
