"""One slide as a document of its own, for a sandboxed frame."""

from __future__ import annotations

from html import escape

from app.decks.deck import Deck

# What a model wrote may draw and style in its frame. It reaches no network, no page around it and no cookie.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " img-src data:; font-src data:"
)
_STILL = "html, body { margin: 0; padding: 0; overflow: hidden; } .slide { margin: 0 !important; }"


def frame(deck: Deck, place: int) -> str:
    """The slide with the deck's styles and shared scripts. `IndexError` where there is no such slide."""
    scripts = f"<script>{deck.scripts}</script>" if deck.scripts else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(deck.title)}</title>'
        f"<style>{deck.css}</style><style>{_STILL}</style></head><body>{deck.slides[place].html}{scripts}</body></html>"
    )
