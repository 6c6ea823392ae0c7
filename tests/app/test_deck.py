"""Decks are parsed out of whatever HTML a model wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decks import edit
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
    with pytest.raises(NotADeckError, match="no element of class 'slide'"):
        parse("<p>Sorry</p>")


def test_words_before_the_document_are_for_the_person() -> None:
    """An answer is words, or words and a document."""
    assert split_answer("Here it is.\n\n<!DOCTYPE html><html>") == ("Here it is.", "<!DOCTYPE html><html>")
    assert split_answer("I can't.") == ("I can't.", "")


def test_a_heading_is_its_words() -> None:
    """Markup inside a heading is left out."""
    assert heading(parse(DOCUMENT).slides[0].html) == "One thing"
    assert heading('<div class="slide">plain</div>') == ""


DRAWN = """<html><body><div class="slide" id="s1"><canvas id="pie"></canvas></div>
<div class="slide"><svg><defs><linearGradient id="g"></linearGradient></defs><rect fill="url(#g)" id="r"/></svg></div>
<script>draw(document.getElementById("pie"))</script><script>const all = ["pie", "r"];</script>
<script src="/lib.js"></script></body></html>"""


def test_a_script_goes_with_the_one_slide_that_it_draws_in() -> None:
    """One that speaks of several, and one that comes from an address, are the deck's."""
    deck = parse(DRAWN)
    assert 'getElementById("pie")' in deck.slides[0].html
    assert (deck.scripts, deck.external_scripts) == ('const all = ["pie", "r"];', ("/lib.js",))
    assert 'getElementById("pie")' not in parse(edit.delete(DRAWN, 0)).html


def test_a_copy_draws_in_itself() -> None:
    """Its ids are its own, and so is what its script and its references speak of."""
    twin = parse(edit.duplicate(DRAWN, 0)).slides[1]
    assert twin.slide_id == "s1-copy"
    assert 'id="pie-copy"' in twin.html
    assert 'getElementById("pie-copy")' in twin.html
    other = parse(edit.duplicate(DRAWN, 1)).slides[2]
    assert 'fill="url(#g-copy)"' in other.html


def test_copies_of_copies_have_names_of_their_own() -> None:
    """However often."""
    html = DRAWN
    for _ in range(4):
        html = edit.duplicate(html, 0)
    names = [slide.slide_id for slide in parse(html).slides]
    assert len(set(names)) == len(names) == 6


def test_slides_with_the_same_id_get_different_ones() -> None:
    """Models repeat themselves."""
    assert [slide.slide_id for slide in parse('<div class="slide" id="a"></div>' * 3).slides] == ["a", "a-2", "a-3"]


def test_what_stands_between_slides_stays_where_it_is() -> None:
    """Slides change places; the sections around them do not."""
    html = '<section><div class="slide" id="a"></div></section><hr/><section><div class="slide" id="b"></div></section>'
    assert edit.reorder(html, [1, 0]) == html.replace('"a"', "·").replace('"b"', '"a"').replace("·", '"b"')


@given(st.permutations(range(4)))
def test_every_order_can_be_had_and_undone(order: list[int]) -> None:
    """Reordering loses nothing."""
    html = "".join(f'<div class="slide" id="{name}"></div>' for name in "abcd")
    changed = edit.reorder(html, order)
    assert [slide.slide_id for slide in parse(changed).slides] == ["abcd"[place] for place in order]
    assert edit.reorder(changed, [order.index(place) for place in range(4)]) == html


@given(st.text(max_size=300))
def test_whatever_a_model_writes_is_a_deck_or_is_refused(text: str) -> None:
    """Nothing else comes of any text, and what is parsed can be parsed again."""
    words, html = split_answer(text)
    for document in (html, f'<div class="slide">{text}</div>'):
        try:
            deck = parse(document)
        except NotADeckError:
            continue
        assert len(parse(deck.html).slides) == len(deck.slides)
    assert isinstance(words, str)
