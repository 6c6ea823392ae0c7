"""The site as readers have it: built strictly, complete, readable by everybody, and nothing asked for elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request

from tests.manual.markdown import PAGES, ROOT
from tests.once import alone, folder_of_run
from tests.ports import find_free_port
from tests.servers.browser import local_page
from tests.servers.process import ChildProcess, until

pytestmark = pytest.mark.soak

BUILDER = Path(sys.prefix) / "docs" / "bin" / "zensical"
SITE = ROOT / ".site"
HTML = [page.removeprefix("docs/").removesuffix(".md") + ".html" for page in PAGES if page.startswith("docs/")]
DRAWN = "how-it-works.html"
"""The page with pictures."""
AXE = files("axe_playwright_python").joinpath("axe.min.js")
NARROW, WIDE = {"width": 390, "height": 900}, {"width": 1400, "height": 1000}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A warning, say of a link or a page that is not in the navigation, fails it.

    One of the processes of a test run builds it: the builder empties the folder, from which the others are served.
    """
    if not BUILDER.exists():
        pytest.skip("needs `make docs`")
    folder = folder_of_run(tmp_path_factory, "built-site")
    with alone(folder / "lock"):
        if not (folder / "done").exists():
            subprocess.run([str(BUILDER), "build", "--strict", "--clean"], cwd=ROOT, check=True, timeout=120)
            (folder / "done").touch()
    return SITE


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site, served."""
    folder, port = tmp_path_factory.mktemp("site"), find_free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(site)]
    server = ChildProcess(command, folder=folder, environment={})
    until(lambda: "Serving HTTP" in server.log, seconds=30, waiting_for=lambda: server.log)
    yield f"http://127.0.0.1:{port}"
    server.terminate()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A browser's page."""
    with local_page() as page:
        yield page


def test_every_page_is_in_the_navigation() -> None:
    """None is found by the search alone."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert [page for page in PAGES if page.startswith("docs/") and page.removeprefix("docs/") not in navigation] == []


@pytest.mark.parametrize("name", HTML)
@pytest.mark.parametrize(("scheme", "size"), [("light", NARROW), ("dark", WIDE)], ids=["light", "dark"])
def test_a_page_is_accessible_and_asks_for_nothing_elsewhere(
    name: str, scheme: str, size: dict[str, int], address: str, page: Page
) -> None:
    """By axe's rules; and it is as wide as the window."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{address}/{name}", wait_until="networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    page.remove_listener("request", note)
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_are_drawn(address: str, page: Page) -> None:
    """By the Mermaid that came with the page; the theme draws them out of a script's reach."""
    page.goto(f"{address}/{DRAWN}", wait_until="networkidle")
    heights = page.evaluate("[...document.querySelectorAll('div.mermaid')].map(each => each.clientHeight)")
    assert len(heights) == 4
    assert min(heights) > 100


def test_the_search_works_from_a_folder(site: Path, page: Page) -> None:
    """Without any server."""
    page.unroute_all()
    page.goto((site / "index.html").as_uri(), wait_until="load")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").or_(page.get_by_placeholder("Search")).first.fill("quarantine")
    page.get_by_text("otel-mlflow spool list").first.wait_for()
