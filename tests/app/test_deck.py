"""Decks are parsed out of whatever HTML a model wrote."""

from __future__ import annotations

import pytest

from app.decks.deck import heading, parse, split_answer
from app.decks.document import NotADeckError

DOCUMENT = """<!DOCTYPE html><html><head><title>Two slides</title><style>.slide { color: red }</style>
<script src="/charts.js"></script><script>shared()</script></head><body>
<div class="slide first" id="intro"><h1>One <em>thing</em></h1><script>own()</script></div>
<div class='slideshow'>not a slide</div>
<div class="wide slide"><h2>Another</h2><div class="slide">nested</div></div></body></html>"""


def test_slides_are_found_by_class_token() -> None:
    """`slideshow` is no slide, `wide slide` is one, and what is nested in a slide belongs to it."""
    assert [slide.slide_id for slide in parse(DOCUMENT).slides] == ["intro", "slide-2"]
    assert [slide.index for slide in parse(DOCUMENT).slides] == [0, 1]


def test_what_slides_share_is_kept_apart() -> None:
    """Title, styles and scripts of the document are the deck's; a slide's own script stays with it."""
    deck = parse(DOCUMENT)
    assert (deck.title, deck.css) == ("Two slides", ".slide { color: red }")
    assert (deck.external_scripts, deck.scripts) == (("/charts.js",), "shared()")
    assert "own()" in deck.slides[0].html


def test_a_deck_without_title_takes_the_first_heading() -> None:
    """Every deck has a title."""
    assert parse('<div class="slide"><h2>Findings</h2></div>').title == "Findings"
    assert parse('<div class="slide"></div>').title == "Untitled deck"


def test_html_without_slides_is_refused() -> None:
    """The error says what was looked for."""
    with pytest.raises(NotADeckError, match="no <div class='slide'>"):
        parse("<p>Sorry</p>")


def test_words_before_the_document_are_for_the_person() -> None:
    """An answer is words, or words and a document."""
    assert split_answer("Here it is.\n\n<!DOCTYPE html><html>") == ("Here it is.", "<!DOCTYPE html><html>")
    assert split_answer("I can't.") == ("I can't.", "")


def test_a_heading_is_its_words() -> None:
    """Markup inside a heading is left out."""
    assert heading(parse(DOCUMENT).slides[0].html) == "One thing"
    assert heading('<div class="slide">plain</div>') == ""
