"""What can be asked of a deck that is there, through the model itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from app.agent.existing import Existing
from app.agent.followups import read_follow_up
from app.agent.model import EmbeddedSlideModel
from app.agent.wishes import (
    Copy,
    Fewer,
    FollowUp,
    Impossible,
    More,
    NewQuestion,
    Nothing,
    Rearrange,
    Redraw,
    Refine,
    Remove,
    Rename,
    SlideAbout,
)
from app.data.conversation import Conversation
from app.data.genie import EmbeddedSpace, GenieError, genie_tool
from app.decks.deck import Deck, heading, parse, split_answer
from app.decks.edit import reorder, replace

QUESTION = "revenue by region in 2024"
MODEL: Any = EmbeddedSlideModel().bind_tools([genie_tool(EmbeddedSpace())])


def told(message: str, deck: str = "", most: int = 10) -> tuple[str, str]:
    """The words and the document that the model comes to."""
    conversation = [SystemMessage(f"Write at most {most} slides. The deck: {deck}"), HumanMessage(message)]
    while (said := MODEL.invoke(conversation)).tool_calls:
        conversation += [said, *(_answer(call) for call in said.tool_calls)]
    return split_answer(said.text)


def _answer(call: Any) -> ToolMessage:
    try:
        return ToolMessage(
            EmbeddedSpace().ask(call["args"]["query"], Conversation()).as_json(), tool_call_id=call["id"]
        )
    except GenieError as error:
        return ToolMessage(str(error), tool_call_id=call["id"], status="error")


@pytest.fixture(scope="module")
def deck() -> str:
    """Cover, three findings, summary."""
    return told(QUESTION)[1]


def headings(html: str) -> list[str]:
    """The titles of the slides."""
    return [heading(slide.html) for slide in parse(html).slides]


def charts(html: str) -> list[str]:
    """The kinds of charts, slide by slide."""
    kinds = ("bar", "line", "area")
    return [next((kind for kind in kinds if f'data-chart="{kind}"' in slide.html), "") for slide in parse(html).slides]


@pytest.mark.parametrize(
    ("sentence", "wish"),
    [
        ("Fewer slides, please", Fewer(None)),
        ("make it shorter", Fewer(None)),
        ("at most 3 slides", Fewer(3)),
        ("only three slides", Fewer(3)),
        ("more slides", More()),
        ("Add two slides", More(2)),
        ("three more slides", More(3)),
        ("I want 8 slides", More(3, 8)),
        ("a slide about returns", SlideAbout("returns")),
        ("Add a slide about profit by product in 2023", SlideAbout("profit by product in 2023")),
        ("also show costs", SlideAbout("costs")),
        ("show slide 3 as a bar chart", Redraw("bar", 3)),
        ("use area charts", Redraw("area", None)),
        ("another chart type", Redraw(None, None)),
        ("a different kind of chart on slide two", Redraw(None, 2)),
        ("a pie chart, please", Impossible("I can't draw a pie: I draw bar, line and area charts.")),
        ("rename slide 2 to North wins", Rename(2, "North wins")),
        ("Call slide one “Overview”.", Rename(1, "Overview")),
        ("rename the deck to Our year", Rename(None, "Our year")),
        ("remove slide 3", Remove((3,))),
        ("please delete slides 2 and 4", Remove((2, 4))),
        ("remove slides 2 to 4", Remove((2, 3, 4))),
        ("remove the last slide", Remove((5,))),
        ("delete the slide about Tea", Remove(about="Tea")),
        ("drop the summary", Remove(about="summary")),
        ("drop the West", Refine("except the West")),
        ("don't add a slide about cost", Nothing()),
        ("never mind", Nothing()),
        ("swap slide 2 and 3", Rearrange((1, 3, 2, 4, 5), "Slides 2 and 3 have changed places.")),
        ("move slide 4 to the front", Rearrange((4, 1, 2, 3, 5), "Slide 4 is slide 1 now.")),
        ("move slide 2 after slide 4", Rearrange((1, 3, 4, 2, 5), "Slide 2 is slide 4 now.")),
        ("put the second slide before slide 1", Rearrange((2, 1, 3, 4, 5), "Slide 2 is slide 1 now.")),
        ("swap slide 2 and 9", Impossible("There is no slide 9.")),
        ("duplicate slide 2", Copy(2)),
        ("only region West", Refine("only region West")),
        ("and for 2023?", Refine("for 2023?", joins=True)),
        ("What about profit instead?", Refine("What about profit instead?")),
        ("compare with South", Refine("compare with South")),
        ("make slide 2 shorter", Impossible("I can't do that to a slide.")),
        ("and East too", Refine("East too", adds=True, joins=True)),
        ("replace revenue with profit", Refine("profit")),
        ("profit instead of revenue", Refine("profit")),
        ("filter by North", Refine(" North")),
        ("change slide 2 to profit", Refine("  to profit", number=2)),
        ("undo", Impossible("I can't undo: I see only the deck as it is now.")),
        ("delete all slides", Impossible("I can't remove all slides: a deck has at least one.")),
        ("units by product", NewQuestion()),
        ("Show cost by product as a bar chart", NewQuestion()),
        ("Which region grew the fastest?", NewQuestion()),
        ("What is the weather?", NewQuestion()),
        ("Translate the deck into German", NewQuestion()),
    ],
)
def test_wishes_are_read(deck: str, sentence: str, wish: FollowUp) -> None:
    """Of a deck with five slides."""
    assert read_follow_up(sentence, existing(deck)) == wish


def existing(html: str) -> Existing:
    """The deck, as the model sees it."""
    found = Existing.from_html(html)
    assert found
    return found


@given(st.text(max_size=200))
def test_no_sentence_breaks_the_reading(deck: str, sentence: str) -> None:
    """Whatever is typed is a wish or a new question, and is answered in words."""
    assert told(sentence, deck)[0]


def test_fewer_slides_leave_the_findings(deck: str) -> None:
    """First the summary goes, then the cover, then the last findings."""
    before = headings(deck)
    assert headings(told("fewer slides", deck)[1]) == before[:4]
    assert headings(told("3 slides", deck)[1]) == before[1:4]
    assert headings(told("2 slides", deck)[1]) == before[1:3]


def test_more_slides_bring_new_findings_and_a_new_summary(deck: str) -> None:
    """What is added was not there, and the summary, still the last, names it too."""
    words, html = told("two more slides", deck)
    assert len(headings(html)) == 7
    added = [title for title in headings(html) if title not in headings(deck)]
    assert len(added) == 2
    assert all(title in parse(html).slides[-1].html and title in words for title in added)


def test_no_deck_grows_beyond_its_limit(deck: str) -> None:
    """With no room nothing is asked, and the words say why."""
    words, html = told("more slides", deck, most=5)
    assert ("5 at most" in words, html) == (True, "")


def test_a_slide_about_something_is_added(deck: str) -> None:
    """With its own finding, before the summary."""
    html = told("Add a slide about profit margin by product", deck)[1]
    assert "highest profit margin" in headings(html)[-2]


def test_charts_are_drawn_in_another_way(deck: str) -> None:
    """On one slide, on all, or whichever kind comes next."""
    assert charts(deck) == ["", "bar", "area", "bar", ""]
    assert charts(told("slide 2 as a line chart", deck)[1]) == ["", "line", "area", "bar", ""]
    assert charts(told("use line charts", deck)[1]) == ["", "line", "line", "line", ""]
    assert charts(told("another chart type", deck)[1]) == ["", "line", "bar", "line", ""]


def test_a_slide_gets_another_title(deck: str) -> None:
    """That one alone; also a slide without a heading."""
    before = headings(deck)
    assert headings(told("rename slide 2 to North wins", deck)[1]) == [before[0], "North wins", *before[2:]]
    bare = replace(deck, 1, '<div class="slide">plain</div>')
    assert headings(told("rename slide 2 to North wins", bare)[1])[1] == "North wins"


def test_one_region_alone(deck: str) -> None:
    """Every figure is asked for anew for that region; nothing is split by region any more."""
    words, html = told("only the west", deck)
    assert words.startswith("Revenue in 2024 for West: ")
    assert all("West" in slide.html for slide in parse(html).slides)
    assert "by region" not in html


def test_what_a_person_did_to_the_deck_stays(deck: str) -> None:
    """Order and a slide of their own are in the deck that a follow-up makes."""
    theirs = replace(reorder(deck, [4, 3, 2, 1, 0]), 0, '<div class="slide"><h2>My own</h2></div>')
    html = told("rename slide 5 to The end", theirs)[1]
    assert headings(html) == ["My own", *headings(deck)[3:0:-1], "The end"]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("What is the weather?", "I can't answer that"),
        ("rename slide 9 to X", "There is no slide 9."),
        ("slide 1 as a bar chart", "there is no chart of mine there"),
        ("0 slides", "I can't make 0 slides"),
        ("a slide about headcount by region", "no such column: headcount"),
        ("a slide about revenue in 2019", "No data match"),
        ("a slide about customers", "I do not know “customers”"),
        ("remove slide 9", "There is no slide 9."),
        ("delete the slide about Tea", "No slide is about “Tea”."),
        ("remove slides 1 to 5", "I can't remove all slides"),
        ("Translate the deck into German", "I do not know “Translate”, “German”"),
        ("and for 2024?", "what the deck shows already"),
    ],
)
def test_what_it_cannot_do_leaves_the_deck(deck: str, wish: str, said: str) -> None:
    """In plain words, without a document."""
    words, html = told(wish, deck)
    assert said in words
    assert "The deck is unchanged." in words
    assert html == ""


def test_a_new_question_makes_a_new_deck(deck: str) -> None:
    """What is no wish about the deck is a question of its own."""
    html = told("units by product", deck)[1]
    assert parse(html).title == "Espresso leads with 40% of units"


def test_a_deck_is_still_a_deck_after_many_wishes(deck: str) -> None:
    """One after another, each upon the last."""
    html = deck
    for wish in ("more slides", "use area charts", "4 slides", "only north", "rename slide 1 to Hello", "more slides"):
        words, changed = told(wish, html)
        assert changed, words
        html = changed
    final: Deck = parse(html)
    assert heading(final.slides[0].html) == "Hello"
    assert isinstance(AIMessage(html).text, str)
