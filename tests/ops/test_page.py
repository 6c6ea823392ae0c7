"""The page in a real browser: what it shows, and what it says when there is nothing to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

import otel_mlflow
from otel_mlflow.ops.question import Question
from tests.ops import expected, seed, variety
from tests.ops.conftest import EXPERIMENT, SEEDED
from tests.servers.app_server import AppServer
from tests.servers.browser import ARGUMENTS, shot
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import installed

PACKAGE = Path(otel_mlflow.__file__).parent
PATIENCE = 30_000  # milliseconds; the machine may be busy
DAY = f"from={expected.iso(seed.END - variety.DAY)}&to={expected.iso(seed.END)}"
DARK = {"color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    chromium = installed("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """An application with the dashboard of the seeded store."""
    environment = {
        "OTEL_MLFLOW_TRACKING_URI": f"sqlite:///{store}",
        "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
    }
    server = AppServer("tests.ops.served:app", folder=tmp_path_factory.mktemp("served"), environment=environment)
    yield server
    server.terminate()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must ask nobody but this host, and log no error."""
    context = browser.new_context()
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if "//127.0.0.1:" not in request.url else None)
    page.on("pageerror", lambda error: foreign.append(str(error)))
    yield page
    context.close()
    assert foreign == []


def by_hand() -> dict[str, Any]:
    """The figures of the day."""
    start = seed.END - variety.DAY
    return expected.figures(SEEDED, start, seed.END, Question(start, seed.END).step_ms)


def test_the_figures_of_a_day_are_on_the_page(served: AppServer, page: Page) -> None:
    """Tiles, charts and every table, as counted by hand."""
    wanted = by_hand()
    totals = wanted["totals"]
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(tile(page, "Requests")).to_have_text(str(totals["requests"]), timeout=PATIENCE)
    for name, figure in (("Errors", "errors"), ("Users", "users"), ("Sessions", "sessions")):
        expect(tile(page, name)).to_have_text(str(totals[figure]))
    assert page.locator(".uplot canvas").count() == 10
    for name in ("routes", "failing", "slowest", "latest", "models", "users", "sessions", "tools", "spans", "feedback"):
        assert rows(page, name) == len(wanted[name]), name
    assert rows(page, "status codes") == len(wanted["statuses"])
    for request in wanted["failing"]:
        assert page.locator(f"[data-copy='{request['trace_id']}']").count() >= 1


def test_a_click_on_a_route_is_in_the_address_and_in_every_figure(served: AppServer, page: Page) -> None:
    """So that it can be sent to somebody; the browser's way back leads back."""
    page.goto(f"{served.url}/ops/?{DAY}")
    route = by_hand()["routes"][0]
    panel(page, "Routes").get_by_role("link", name=str(route["route"])).click(timeout=PATIENCE)
    expect(tile(page, "Requests")).to_have_text(str(route["requests"]), timeout=PATIENCE)
    assert quote(str(route["route"]), safe="").replace("%20", "+") in page.url
    page.reload()
    expect(tile(page, "Requests")).to_have_text(str(route["requests"]), timeout=PATIENCE)
    page.go_back()
    expect(panel(page, "Routes").locator("tbody tr")).to_have_count(len(by_hand()["routes"]), timeout=PATIENCE)


def test_a_window_without_requests_says_what_to_do(served: AppServer, page: Page) -> None:
    """It is not mistaken for figures that are all zero."""
    page.goto(f"{served.url}/ops/?window=15m")
    expect(page.get_by_text("No requests here")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Choose a longer window.")).to_be_visible()
    expect(page.get_by_text("otel-mlflow doctor")).to_be_visible()


def test_while_it_counts_the_page_says_so(served: AppServer, page: Page) -> None:
    """Until the answer comes."""
    held: list[Route] = []
    page.route("**/api/summary*", lambda route: held.append(route))
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(page.get_by_text("Counting …")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#figures")).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(page.locator("#figures")).to_have_attribute("aria-busy", "false", timeout=PATIENCE)


def test_a_backend_that_is_away_is_told_with_what_to_do(page: Page, tmp_path: Path) -> None:
    """The reason, the remedy, a way to try again, and delivery's own trouble."""
    environment = {"OTEL_MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    server = AppServer("tests.ops.served:app", folder=tmp_path, environment=environment)
    try:
        page.goto(f"{server.url}/ops/")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("does not answer", timeout=PATIENCE)
        expect(alert).to_contain_text("To do: check that it is running and reachable")
        expect(alert.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.locator("#delivery")).to_contain_text("Delivery is")
    finally:
        server.terminate()


@pytest.mark.parametrize(("options", "dark"), [(DARK, True), (PHONE, False)], ids=["dark", "phone"])
def test_it_is_readable_in_the_dark_and_on_a_phone(
    served: AppServer, browser: Browser, options: dict[str, Any], dark: bool
) -> None:
    """The ground is as dark as asked for, and nothing but tables reaches beyond the screen."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(page.locator(".uplot canvas").first).to_be_visible(timeout=PATIENCE)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (max(ground) < 64) == dark
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_on_a_phone_the_fields_are_there_when_they_are_wanted(served: AppServer, browser: Browser) -> None:
    """They would fill the screen before the first figure; a filter that is set can be taken away without them."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.goto(f"{served.url}/ops/?{DAY}&session=session-3")
    expect(page.get_by_label("session", exact=True)).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#filters")).to_contain_text("session: session-3")
    page.get_by_label("range and filters").check()
    expect(page.get_by_label("session", exact=True)).to_be_visible()
    context.close()


def test_what_requests_said_is_text_and_no_markup(served: AppServer, page: Page) -> None:
    """A filter is shown as it is, whatever stands in it."""
    page.goto(f"{served.url}/ops/?{DAY}&session={quote('<img src=x onerror=alert(1)>')}")
    expect(page.locator("#filters")).to_contain_text("session: <img src=x onerror=alert(1)>", timeout=PATIENCE)
    assert page.locator("img").count() == 0


def tile(page: Page, name: str) -> Locator:
    """The figure in the tile of that name."""
    return page.locator(".tile", has=page.get_by_text(name, exact=True)).locator("b")


def panel(page: Page, title: str) -> Locator:
    """The panel under that heading."""
    return page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))


def rows(page: Page, title: str) -> int:
    """How many rows the table of a panel has."""
    return int(panel(page, title.capitalize()).locator("tbody tr").count())


def test_stale_figures_stay_and_say_so(served: AppServer, page: Page) -> None:
    """One refresh that fails must not wipe the page."""
    page.goto(f"{served.url}/ops/?{DAY}")
    requests = str(by_hand()["totals"]["requests"])
    expect(tile(page, "Requests")).to_have_text(requests, timeout=PATIENCE)
    page.route("**/api/summary*", lambda route: route.fulfill(status=503, json={"detail": "MLflow is away"}))
    refresh(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The figures are stale", timeout=PATIENCE)
    expect(alert).to_contain_text("MLflow is away")
    expect(tile(page, "Requests")).to_have_text(requests)
    page.unroute("**/api/summary*")
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0, timeout=PATIENCE)


def test_focus_and_selection_survive_a_refresh(served: AppServer, page: Page) -> None:
    """So does a list that somebody has opened."""
    page.goto(f"{served.url}/ops/?{DAY}")
    link = panel(page, "Routes").get_by_role("link").first
    link.focus(timeout=PATIENCE)
    panel(page, "Slowest").get_by_role("button", name="all 20").click()
    link.focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.tile b'))")
    selected = page.evaluate("getSelection().toString()")
    with page.expect_response("**/api/summary*"):
        refresh(page)
    expect(page.locator("#figures")).to_have_attribute("aria-busy", "false")
    expect(link).to_be_focused()
    assert page.evaluate("getSelection().toString()") == selected != ""
    expect(panel(page, "Slowest").locator("tbody tr").last).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1400, 1920])
def test_no_column_is_off_the_screen(
    served: AppServer, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    """On a phone a row is a list; the link to the trace comes first everywhere."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(page.locator(".uplot canvas").first).to_be_visible(timeout=PATIENCE)
    right = "getBoundingClientRect().right"
    edge = f"Math.min(innerWidth, (cell.closest('.panel') ?? document.body).{right})"
    beyond = f"[...document.querySelectorAll('td')].filter((cell) => cell.{right} > {edge})"
    assert page.evaluate(f"{beyond}.map((cell) => cell.dataset.label)") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    first = panel(page, "Failing").locator("tbody tr").first.locator("td").first
    assert first.get_attribute("data-label") == "trace"
    shot(page, f"ops-{width}-{scheme}")
    context.close()


def test_the_filter_fields_work_with_the_keyboard_alone(served: AppServer, page: Page) -> None:
    """Type, press enter, and the address has it."""
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(tile(page, "Requests")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("session", exact=True).focus()
    page.keyboard.type("session-3")
    page.keyboard.press("Enter")
    wanted = sum(r.session == "session-3" for r in SEEDED if seed.END - variety.DAY <= r.time_ms < seed.END)
    expect(tile(page, "Requests")).to_have_text(str(wanted), timeout=PATIENCE)
    assert "session=session-3" in page.url


def test_slow_requests_are_asked_for_by_a_threshold(served: AppServer, page: Page) -> None:
    """All figures and lists are of them then."""
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(tile(page, "Requests")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("slower than").fill("4")
    page.get_by_role("button", name="Filter").click()
    within = [r for r in SEEDED if seed.END - variety.DAY <= r.time_ms < seed.END]
    wanted = sum((r.duration_ms or 0) >= 4000 for r in within)
    expect(tile(page, "Requests")).to_have_text(str(wanted), timeout=PATIENCE)
    assert "slower_than=4" in page.url


def test_live_it_asks_again_every_second(served: AppServer, browser: Browser) -> None:
    """The clock is the test's."""
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(panel(page, "Latest")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("checkbox").check()
    with page.expect_response("**/api/summary*"):
        page.clock.run_for(1_100)
    context.close()


def test_the_hours_of_the_week_are_shown_of_longer_windows(served: AppServer, page: Page) -> None:
    """Not of a day, in which each hour is there once."""
    page.goto(f"{served.url}/ops/?{DAY}")
    expect(tile(page, "Requests")).to_be_visible(timeout=PATIENCE)
    assert panel(page, "Users by hour of the week").count() == 0
    start = expected.iso(seed.END - 7 * variety.DAY)
    page.goto(f"{served.url}/ops/?from={start}&to={expected.iso(seed.END)}")
    expect(panel(page, "Users by hour of the week").locator("tbody tr")).to_have_count(7, timeout=PATIENCE)


def test_figures_are_told_as_people_say_them(served: AppServer, page: Page) -> None:
    """No cost is nothing, and a quarter of an hour is no number of tenths of a second."""
    page.goto(f"{served.url}/ops/")
    words = (
        "import('./page/words.js').then(({ change, dollars, duration }) =>"
        " [...[0, 0.0312, 0.4, 1234.5].map(dollars), duration(948_900), change(16, 1), change(0.9, 1)])"
    )
    assert page.evaluate(words) == [
        *("$0", "$0.0312", "$0.40", "$1,234.50"),
        *("16\u00a0min", "16\u00a0×\u00a0before", "\u221210\u00a0%"),
    ]


@pytest.mark.parametrize("options", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_axe_finds_nothing(served: AppServer, browser: Browser, options: dict[str, Any]) -> None:
    """Contrast, names, headings, landmarks: by the rules of axe-core."""
    context = browser.new_context(**options)
    page = context.new_page()
    start = expected.iso(seed.END - 7 * variety.DAY)
    page.goto(f"{served.url}/ops/?from={start}&to={expected.iso(seed.END)}")
    expect(page.locator(".uplot canvas").first).to_be_visible(timeout=PATIENCE)
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(
    ("locale", "asked", "told"),
    [
        ("en-GB", DAY, ("Mon 5 Jan, 13:00 to Tue 6 Jan, 13:00", "Europe/Berlin, GMT+1")),
        ("en-US", DAY, ("Mon, Jan 5, 13:00 to Tue, Jan 6, 13:00", "Europe/Berlin, GMT+1")),
        (
            "en-GB",
            "from=2025-10-25T12:00Z&to=2025-10-27T12:00Z",
            ("25 Oct, 14:00 to", "27 Oct, 13:00", "GMT+2 to GMT+1"),
        ),
    ],
    ids=["Britain", "America", "end of daylight saving"],
)
def test_the_range_is_told_in_words_with_its_time_zone(
    served: AppServer, browser: Browser, locale: str, asked: str, told: tuple[str, ...]
) -> None:
    """Of whoever looks at it, and with hours as those of the tables."""
    context = browser.new_context(timezone_id="Europe/Berlin", locale=locale)
    page = context.new_page()
    page.goto(f"{served.url}/ops/?{asked}")
    for part in told:
        expect(page.locator("#when")).to_contain_text(part, timeout=PATIENCE)
    expect(page.locator("#taken")).not_to_contain_text("M")
    context.close()


def test_names_are_on_one_line_and_few_values_are_listed(served: AppServer, page: Page) -> None:
    """A type of error is not parted in the middle of a word; of fifty scores those are told that were given most."""

    def change(route: Route) -> None:
        found = route.fetch().json()
        found["errors"] = [{**row, "error_type": "builtins.KeyError"} for row in found["errors"][:1]]
        found["feedback"] = [
            {"name": "score", "given": 50, "texts": 2, "mean": 0.5, "values": {f"0.{n}": 1 for n in range(10, 58)}}
        ]
        route.fulfill(json=found)

    page.route("**/api/summary*", change)
    page.set_viewport_size({"width": 1400, "height": 900})
    start = expected.iso(seed.END - 7 * variety.DAY)
    page.goto(f"{served.url}/ops/?from={start}&to={expected.iso(seed.END)}")
    name = panel(page, "Errors by type").locator("tbody td").first
    expect(name).to_have_text("builtins.KeyError", timeout=PATIENCE)
    lines = (
        "(cell) => { const range = new Range(); range.selectNodeContents(cell); return range.getClientRects().length; }"
    )
    assert name.evaluate(lines) == 1
    told = panel(page, "Feedback").locator("tbody td").last
    expect(told).to_have_text(re.compile(r"^0\.10: 1, .*, 40 other values, texts: 2$"))
    gap = "(week) => week.getBoundingClientRect().top - week.previousElementSibling.getBoundingClientRect().bottom"
    assert panel(page, "Users by hour of the week").evaluate(gap) > 8


def test_a_drag_in_a_chart_narrows_the_window(served: AppServer, page: Page) -> None:
    """And so leads to the traces of that time."""
    page.goto(f"{served.url}/ops/?{DAY}")
    chart = page.locator(".u-over").first
    expect(chart).to_be_visible(timeout=PATIENCE)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("from=2026-01-0(5T2|6T0)"))


def test_the_page_is_small_and_kept(served: AppServer) -> None:
    """All that it is made of, compressed; and asked for again it is not sent again."""
    parts = ["", *re.findall(r'(?:href|src)="(page/[^"]+)"', httpx.get(f"{served.url}/ops/").text)]
    parts += [f"page/{path.name}" for path in (PACKAGE / "ops" / "page").glob("*.js") if path.name != "page.js"]
    size = 0
    for part in parts:
        with httpx.stream("GET", f"{served.url}/ops/{part}", headers={"Accept-Encoding": "gzip"}) as answer:
            size += sum(len(chunk) for chunk in answer.iter_raw())
        again = httpx.get(f"{served.url}/ops/{part}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 or part == ""
    assert size < 60_000


def refresh(page: Page) -> None:
    """As the page does by itself every half a minute."""
    page.evaluate("dispatchEvent(new Event('asked'))")


def test_an_mlflow_server_has_all_figures_too(server: MlflowServer, page: Page, tmp_path: Path) -> None:
    """Users and tokens by model, which it does not group by, and links to its own pages."""
    environment = {"OTEL_MLFLOW_TRACKING_URI": server.url, "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    app = AppServer("tests.ops.served:app", folder=tmp_path, environment=environment)
    try:
        page.goto(f"{app.url}/ops/?{DAY}")
        expect(tile(page, "Users")).to_have_text(str(by_hand()["totals"]["users"]), timeout=PATIENCE)
        assert rows(page, "models") == len(by_hand()["models"])
        link = panel(page, "Failing").locator("tbody a").first
        assert str(link.get_attribute("href")).startswith(f"{server.url}/#/experiments/")
    finally:
        app.terminate()
