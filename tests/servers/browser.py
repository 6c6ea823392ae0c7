"""Headless Chromium that goes nowhere but to this machine."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.servers.process import installed

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = "SCREENSHOTS"
"""Names a folder for the pictures that tests take of the pages they show; without it they take none."""
PATIENCE = 30_000  # milliseconds; MLflow's UI is large, and the machine may be busy
expect.set_options(timeout=PATIENCE)  # for all that use a browser; Playwright's own is 5 s


@contextmanager
def local_page() -> Generator[Page, None, None]:
    """An empty page; the test is skipped where there is no Chromium."""
    chromium = installed("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.route(lambda url: not url.startswith("http://127.0.0.1:"), _abort)
        yield page
        browser.close()


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page as it is on the screen, where somebody asked for it."""
    if folder := os.environ.get(SCREENSHOTS):
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def _abort(route: Route) -> None:
    route.abort()
