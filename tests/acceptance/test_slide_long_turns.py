"""Long turns on the page: behind a proxy that cuts each connection, as Databricks Apps' does; reloaded; cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from app.turns.failures import CANCELLED
from tests.acceptance.slide_service import SECONDS, TURN_OUTCOME, SlideService
from tests.servers.browser import local_page
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.time_limit_proxy import TimeLimitProxy

pytestmark = pytest.mark.soak
FOLLOWING = "/api/chat/events/"
ANSWER = "North leads with 36% of revenue in 2024"


@pytest.fixture
def service(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[SlideService]:
    """The app with a model that waits."""
    service = SlideService("tests.app.served:held", folder=tmp_path / "held", tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


@pytest.fixture
def page() -> Iterator[Page]:
    """An empty page that is waited for."""
    with local_page() as page:
        yield page


def wait_in(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for something outside the page, which stands still unless it is spoken to."""
    until(lambda: page.evaluate("true") and condition(), seconds=SECONDS, waiting_for=page.content)


def ask_and_wait_for_model(page: Page, service: SlideService) -> None:
    """Ask; the model thinks."""
    page.get_by_label("Your question").fill("revenue by region in 2024")
    page.get_by_role("button", name="Ask").click()
    wait_in(page, lambda: bool(service.get("/control/reached").json()))


def expect_the_deck(page: Page) -> None:
    """The answer, without a failure, and its deck."""
    expect(page.locator(".after")).to_have_count(1)
    expect(page.locator(".said.assistant.failed")).to_have_count(0)
    expect(page.get_by_text(ANSWER).first).to_be_visible()
    expect(page.locator(".card")).to_have_count(5)


def test_a_turn_outlasts_the_proxy(service: SlideService, page: Page) -> None:
    """The line is cut twice while the model thinks; the page takes it up again, and shows the answer and its deck."""
    cut: list[Request] = []
    with TimeLimitProxy(service.server.url, seconds=3.0) as proxy:
        page.on("requestfailed", lambda request: cut.append(request) if FOLLOWING in request.url else None)
        page.goto(proxy.url)
        ask_and_wait_for_model(page, service)
        wait_in(page, lambda: len(cut) >= 2)
        service.post("/control/go")
        expect_the_deck(page)
    (session,) = service.get("/api/sessions").json()["sessions"]
    said = service.get(f"/api/sessions/{session['session_id']}/messages").json()["messages"]
    (trace_id,) = {message["trace_id"] for message in said}
    trace = service.trace(trace_id, 12, TURN_OUTCOME)
    assert (trace.info.state.value, trace.info.tags[TURN_OUTCOME]) == ("OK", "completed")


def test_a_turn_outlasts_the_page(service: SlideService, page: Page) -> None:
    """Reloaded in mid-turn, the page goes on with it; so does another device that opens the session's address."""
    page.goto(service.server.url)
    ask_and_wait_for_model(page, service)
    page.reload()
    expect(page.locator(".said.user")).to_have_text("revenue by region in 2024")
    assert page.context.browser
    other = page.context.browser.new_page()
    other.goto(page.url)
    expect(other.locator(".working")).to_be_visible()
    service.post("/control/go")
    expect_the_deck(page)
    expect_the_deck(other)


def test_a_turn_is_cancelled_from_the_page(service: SlideService, page: Page) -> None:
    """The page says so, the question can be asked again, and there is no deck."""
    page.goto(service.server.url)
    ask_and_wait_for_model(page, service)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".said.assistant.failed")).to_have_text(CANCELLED)
    expect(page.get_by_role("button", name="Ask")).to_be_enabled()
    expect(page.locator(".card")).to_have_count(0)
    service.post("/control/go")
