"""Headless Chromium that goes nowhere but to this machine."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds; MLflow's UI is large, and the machine may be busy


@contextmanager
def local_page() -> Generator[Page, None, None]:
    """An empty page; the test is skipped where there is no Chromium."""
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Debian's chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.route(lambda url: not url.startswith("http://127.0.0.1:"), _abort)
        yield page
        browser.close()


def _abort(route: Route) -> None:
    route.abort()
