"""Slides as documents of their own: one for a sandboxed frame, one to be edited in place, all of them for a printer."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from app.decks.deck import Deck

_VENDOR = Path(__file__).parents[1] / "page" / "vendor"
# What a model wrote may draw and style in its frame. It reaches no network, no page around it and no cookie.
_NOWHERE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_STILL = "html, body { margin: 0; padding: 0; overflow: hidden; } .slide { margin: 0 !important; }"
_PAGES = (
    "@page { size: 1280px 720px; margin: 0 } html, body { margin: 0 }"
    " .slide { break-after: page; break-inside: avoid; margin: 0 auto !important; }"
)
# No policy of today's browsers speaks of WebRTC, which would reach the network past all of it.
_NO_WEBRTC = "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) delete window[name];"
_PRINT = "addEventListener('load', () => setTimeout(print, 300));"
_CHART_JS = re.compile(r"/chart(\.umd)?(\.min)?\.js|/chart\.js", re.IGNORECASE)


@dataclass(frozen=True)
class FrameDocument:
    """HTML, and the policy under which it is shown."""

    html: str
    policy: str


def frame(deck: Deck, place: int) -> FrameDocument:
    """The slide with the deck's styles and scripts. `IndexError` where there is no such slide."""
    body = deck.slides[place].html + _script(deck.scripts)
    html = _document(deck, _STILL, _script(_NO_WEBRTC) + _libraries(deck), body)
    return FrameDocument(html, f"sandbox allow-scripts; script-src 'unsafe-inline'; {_NOWHERE}")


def editable(deck: Deck, place: int) -> FrameDocument:
    """The slide, whose text can be changed where it stands; no script runs in it but the one that hands it over."""
    nonce = secrets.token_urlsafe(16)
    ours = f'<script nonce="{nonce}">{_vendored(_VENDOR.parent / "static" / "in-place.js")}</script>'
    html = _document(deck, _STILL, "", deck.slides[place].html + ours)
    return FrameDocument(html, f"sandbox allow-scripts; script-src 'nonce-{nonce}'; {_NOWHERE}")


def printable(deck: Deck) -> FrameDocument:
    """All slides, a page each; the browser's own dialog makes a PDF of them."""
    slides = "".join(slide.html for slide in deck.slides)
    html = _document(deck, _PAGES, _script(_NO_WEBRTC) + _libraries(deck), slides + _script(deck.scripts + _PRINT))
    return FrameDocument(html, f"sandbox allow-scripts allow-modals; script-src 'unsafe-inline'; {_NOWHERE}")


def _document(deck: Deck, styles: str, head: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(deck.title)}</title>'
        f"<style>{deck.css}</style><style>{styles}</style>{head}</head><body>{body}</body></html>"
    )


def _script(text: str) -> str:
    return f"<script>{text}</script>" if text else ""


def _libraries(deck: Deck) -> str:
    """What a deck would load from elsewhere, from here: Chart.js, which language models like to draw with."""
    wants_charts = any(_CHART_JS.search(address) for address in deck.external_scripts)
    return _script(_vendored(_VENDOR / "chart.umd.min.js")) if wants_charts else ""


@cache
def _vendored(file: Path) -> str:
    return file.read_text(encoding="utf-8")
