"""Decks that language models write: slides of any tag, charts by Chart.js, and frames that reach nothing."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from app.decks.deck import parse
from app.decks.frame import editable, frame, printable
from app.settings import AppSettings
from tests.app.models import scripted, speak

CHART = "new Chart(document.getElementById('c'), {type: 'bar'})"
DECK = (
    "<!DOCTYPE html><html><head><title>T</title>"
    '<script src="https://cdn.example/npm/chart.js@4"></script></head><body><main class="slides">'
    f'<section class="slide dark"><h2>One</h2><canvas id="c"></canvas></section><script>{CHART}</script>'
    '<article class="slide"><h2>Two</h2></article></main></body></html>'
)
pytestmark = pytest.mark.anyio


def test_a_slide_is_what_has_the_class() -> None:
    """Whatever its tag; `slides` is another class, and a slide in a slide is part of it."""
    deck = parse(DECK.replace("<h2>Two</h2>", '<h2>Two</h2><p class="slide">inner</p>'))
    assert [slide.html.split()[0] for slide in deck.slides] == ["<section", "<article"]
    assert CHART in deck.slides[0].html


async def test_a_deck_of_sections_is_kept_and_changed(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """As one of divs."""
    speak(app, settings, scripted(f"Here.\n{DECK}"))
    answer = (await client.post("/api/chat", json={"message": "x"})).json()
    of = {"session_id": answer["session_id"]}
    changed = await client.put("/api/slides/reorder", params=of, json={"new_order": [1, 0]})
    assert [slide["html"].split()[0] for slide in changed.json()["slides"]] == ["<article", "<section"]


def test_chart_js_comes_from_here() -> None:
    """In the frame itself, which may load nothing; and only where a deck wants it."""
    assert "Chart.js v" in frame(parse(DECK), 0).html
    assert "Chart.js v" not in frame(parse(DECK.replace("chart.js@4", "other.js")), 0).html


def test_frames_reach_nothing() -> None:
    """No network, no page around, and no way past the policy by WebRTC; in an editor no script of the slide's runs."""
    shown, edited, printed = frame(parse(DECK), 0), editable(parse(DECK), 0), printable(parse(DECK))
    for document in (shown, edited, printed):
        assert document.policy.startswith("sandbox allow-scripts")
        assert "default-src 'none'" in document.policy
        assert "allow-same-origin" not in document.policy
    assert "RTCPeerConnection" in shown.html
    assert "'unsafe-inline';" not in edited.policy.partition("style-src")[0]


async def test_a_deck_can_be_printed(client: httpx.AsyncClient) -> None:
    """All slides in one document, each on a page."""
    answer = (await client.post("/api/chat", json={"message": "revenue by region"})).json()
    printed = await client.get("/api/slides/print", params={"session_id": answer["session_id"]})
    assert printed.text.count('class="slide"') == answer["slide_deck"]["slide_count"]
    assert "break-after: page" in printed.text
