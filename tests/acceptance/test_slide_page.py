"""A tour of the slide agent's page in a real browser: from the question to the assessment on the trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.slide_service import SECONDS, SlideService
from tests.servers.browser import local_page, shot
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

pytestmark = pytest.mark.soak
QUESTION = "How did revenue develop by region in 2024?"


@pytest.fixture(scope="module")
def service(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlideService]:
    """The app as it is served."""
    service = SlideService(folder=tmp_path_factory.mktemp("page"), tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


@pytest.fixture
def page(service: SlideService) -> Iterator[Page]:
    """The page, on which nothing may go wrong: no error in the console, no request to anywhere else."""
    went_wrong: list[str] = []
    with local_page() as page:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.on("console", lambda message: went_wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: went_wrong.append(str(error)))
        page.goto(service.server.url)
        yield page
    assert went_wrong == []


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the answer."""
    answers = page.locator(".after").count()
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".after")).to_have_count(answers + 1)


def cards(page: Page) -> Locator:
    """The slides."""
    return page.locator(".card")


def drag(page: Page, card: Locator, place: Locator) -> None:
    """Drag a card to another's place. A browser tells a page of a drag over it from the second movement on."""
    card.hover()
    page.mouse.down()
    place.hover()
    place.hover(position={"x": 20, "y": 20})
    page.mouse.up()


def titles(page: Page) -> list[str]:
    """What stands on the slides, seen through their frames."""
    count = cards(page).count()
    frames = [cards(page).nth(place).frame_locator("iframe").locator("h1, h2").first for place in range(count)]
    for place, heading in enumerate(frames):
        cards(page).nth(place).scroll_into_view_if_needed()
        expect(heading).to_be_visible()
    return [heading.inner_text() for heading in frames]


def stored(service: SlideService) -> Any:
    """The messages of the session that was used last."""
    session = service.get("/api/sessions").json()["sessions"][0]
    return service.get(f"/api/sessions/{session['session_id']}/messages").json()["messages"]


def test_the_tour(page: Page, service: SlideService, tmp_path: Path) -> None:
    """Ask, rearrange, edit, export, follow the trace, judge; and all of it is there after a reload."""
    expect(page.get_by_text("Embedded: rules, not a language model")).to_be_visible()
    expect(page.locator("#light[data-state=ok]")).to_be_visible()
    shot(page, "slide-agent-1-welcome")
    ask(page, QUESTION)
    expect(cards(page)).to_have_count(5)
    before = titles(page)
    assert before[1] == "North leads with 36% of revenue in 2024"
    expect(cards(page).nth(1).frame_locator("iframe").locator("svg rect").first).to_be_visible()
    shot(page, "slide-agent-2-answer")

    drag(page, cards(page).nth(3), cards(page).nth(1))
    expect(cards(page).nth(1).frame_locator("iframe").locator("h2")).to_have_text(before[3])
    assert titles(page) == [before[0], before[3], before[1], before[2], before[4]]

    cards(page).nth(1).get_by_role("button", name="Edit").click()
    page.frame_locator("#editor-frame").locator("h2").fill("Edited in place")
    shot(page, "slide-agent-3-editor")
    page.get_by_role("button", name="Save slide").click()
    expect(cards(page).nth(1).frame_locator("iframe").locator("h2")).to_have_text("Edited in place")
    cards(page).nth(1).get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="HTML", exact=True).click()
    html = page.get_by_label("HTML of the slide")
    html.fill(html.input_value().replace("Edited in place", "Edited by hand"))
    page.get_by_role("button", name="Save slide").click()
    expect(cards(page).nth(1).frame_locator("iframe").locator("h2")).to_have_text("Edited by hand")
    cards(page).nth(1).get_by_role("button", name="Duplicate").click()
    expect(cards(page)).to_have_count(6)
    cards(page).nth(5).get_by_role("button", name="Delete").click()
    expect(cards(page)).to_have_count(5)
    after = titles(page)
    assert after == [before[0], "Edited by hand", "Edited by hand", before[1], before[2]]

    with page.expect_download() as download:
        page.get_by_role("link", name="Export HTML").click()
    assert page.context.browser
    exported = page.context.browser.new_page()
    download.value.save_as(saved := tmp_path / download.value.suggested_filename)
    exported.goto(saved.as_uri())
    expect(exported.locator(".slide")).to_have_count(5)
    exported.close()

    trace_id = stored(service)[-1]["trace_id"]
    service.trace(trace_id, spans=15)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="See the trace").click()
    for name in ("POST /api/chat/async", "slide_agent", "query_genie_space"):
        expect(opened.value.get_by_text(name, exact=True).first).to_be_visible()
    shot(opened.value, "slide-agent-4-trace")
    opened.value.close()

    page.get_by_role("button", name="Bad answer").click()
    page.get_by_label("Reason").fill("I wanted bars")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("“I wanted bars”")).to_be_visible()
    assessed: list[Any] = until(
        lambda: [one for one in service.trace(trace_id).info.assessments or [] if one.rationale],
        seconds=SECONDS,
        waiting_for=lambda: "the assessment with its reason",
    )
    assert [(one.value, one.rationale) for one in assessed] == [(False, "I wanted bars")]

    page.reload()
    expect(page.get_by_text("“I wanted bars”")).to_be_visible()
    expect(page.locator(".said.user")).to_have_text(QUESTION)
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    expect(cards(page)).to_have_count(5)
    assert titles(page) == after
    shot(page, "slide-agent-5-reloaded")


def test_sessions_and_follow_ups(page: Page) -> None:
    """A second session, a follow-up, an answer in words, keys instead of the mouse, and back to the first."""
    page.get_by_role("button", name="Which products have the best profit margin?").click()
    expect(cards(page).first).to_be_visible()
    before = titles(page)
    ask(page, "rename slide 1 to Margins")
    expect(cards(page).first.frame_locator("iframe").locator("h1")).to_have_text("Margins")
    ask(page, "What is the weather?")
    expect(page.locator(".said.assistant").last).to_contain_text("The deck is unchanged")
    cards(page).first.press("Alt+ArrowRight")
    expect(cards(page).first.frame_locator("iframe").locator("h2")).to_have_text(before[1])
    page.get_by_role("button", name="+ New session").click()
    expect(page.get_by_text("The deck appears here.")).to_be_visible()
    page.locator(".sessions .open", has_text="Which products").click()
    expect(cards(page).first.frame_locator("iframe").locator("h2")).to_have_text(before[1])
    expect(page.locator(".said.user")).to_have_count(3)
    shot(page, "slide-agent-6-sessions")
    page.locator(".sessions li", has_text="Which products").hover()
    page.locator(".sessions li", has_text="Which products").get_by_role("button", name="Delete session").click()
    expect(page.get_by_text("The deck appears here.")).to_be_visible()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(cards(page).first.frame_locator("iframe").locator("h2")).to_have_text(before[1])


def test_a_deck_is_presented_and_changes_are_undone(page: Page) -> None:
    """Full screen with the arrow keys; the address knows the slide; a deleted slide comes back."""
    ask(page, QUESTION)
    before = titles(page)
    page.get_by_role("button", name="Present", exact=True).click()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#show-place")).to_have_text("3 / 5")
    expect(page.frame_locator("#show-stage iframe").locator("h2")).to_have_text(before[2])
    shot(page, "slide-agent-7-presented")
    page.get_by_role("button", name="End").click()
    assert page.url.endswith("&slide=3")
    cards(page).nth(1).get_by_role("button", name="Delete").click()
    expect(cards(page)).to_have_count(4)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_count(5)
    assert titles(page) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1400, 1920])
def test_the_page_has_a_form_for_every_width(page: Page, width: int, scheme: Literal["light", "dark"]) -> None:
    """Sessions can be reached, nothing is wider than the screen, in both colour schemes."""
    page.emulate_media(color_scheme=scheme)
    ask(page, QUESTION)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    menu = page.get_by_role("button", name="Sessions")
    if menu.is_visible():
        menu.click()
    expect(page.locator(".sessions .open").first).to_be_in_viewport()
    page.keyboard.press("Escape")
    shot(page, f"slide-agent-{width}-{scheme}")
