"""What a person sees: the address of a trace, opened in MLflow's own UI, shows its tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.acceptance.service import Service
from tests.servers.process import until

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds; the UI is large, and the machine may be busy


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page in headless Chromium that goes nowhere but to this machine."""
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Debian's chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.route(lambda url: not url.startswith("http://127.0.0.1:"), abort)
        yield page
        browser.close()


def abort(route: Route) -> None:
    """Answer nothing."""
    route.abort()


def test_the_address_of_a_trace_shows_its_tree(shapes: Service, page: Page) -> None:
    """`current_trace().url` leads to the HTTP span with the spans below it."""
    address = until(
        lambda: shapes.get("/handlers/address").json(), seconds=20, waiting_for=lambda: "the trace to have an address"
    )
    shapes.flush()
    page.goto(address)
    for name in ("GET /handlers/address", "work", "query"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=PATIENCE)
