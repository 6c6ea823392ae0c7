"""The agent's part of a turn: what is said, in which order, and when."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.messages import ToolCall

from app.agent.agent import SlideAgent, slide_agent
from app.agent.model import EmbeddedSlideModel
from app.agent.turn import Briefing, Document, TurnMessage, converse
from app.data.conversation import Conversation
from app.data.genie import EmbeddedSpace, GenieAnswer
from app.decks.deck import parse
from tests.app.models import scripted

TASK = "Write slides, at most {max_slides} slides."
pytestmark = pytest.mark.anyio


class BrokenSpace(EmbeddedSpace):
    """Data that cannot be reached, for a reason that nobody foresaw."""

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """Fail."""
        raise RuntimeError("the disk is on fire")


@pytest.fixture
def agent() -> SlideAgent:
    """The agent as the app builds it."""
    return slide_agent(EmbeddedSlideModel(), {"": EmbeddedSpace()})


async def ask(agent: SlideAgent, message: str, max_slides: int = 10) -> tuple[list[TurnMessage], str]:
    """What is said in one turn, and the document."""
    said, html = list[TurnMessage](), ""
    async for one in converse(agent, Briefing(TASK.format(max_slides=max_slides), (), message)):
        if isinstance(one, Document):
            html = one.html
        else:
            said.append(one)
    return said, html


def calls(said: list[TurnMessage]) -> list[ToolCall]:
    """The calls that were made."""
    return [one.tool_call for one in said if one.tool_call]


async def test_a_turn_says_in_order_what_is_said(agent: SlideAgent) -> None:
    """Calls, the answer to each call by its id, the final words."""
    said, _ = await ask(agent, "revenue by region in 2024")
    assert [one.role for one in said] == ["assistant", "tool", "assistant", "assistant", "tool", "tool", "assistant"]
    answered = [one.tool_call_id for one in said if one.role == "tool"]
    assert sorted(map(str, answered)) == sorted(str(call["id"]) for call in calls(said))


async def test_messages_bear_the_time_at_which_they_were_said(agent: SlideAgent) -> None:
    """Times never run backwards."""
    said, _ = await ask(agent, "revenue by region")
    assert all(earlier.timestamp <= later.timestamp for earlier, later in pairwise(said))


async def test_words_and_document_are_parted(agent: SlideAgent) -> None:
    """Words go to the person, the document becomes slides."""
    said, html = await ask(agent, "revenue by region in 2024")
    assert parse(html).title == "North leads with 36% of revenue in 2024"
    assert html.startswith("<!DOCTYPE html>")
    assert "<!DOCTYPE" not in said[-1].content


async def test_words_come_once_and_before_the_document(agent: SlideAgent) -> None:
    """The final words are told as soon as the document begins, and not told again with it."""
    told: list[Any] = [
        one async for one in converse(agent, Briefing(TASK.format(max_slides=5), (), "units by product"))
    ]
    words = [one.content for one in told if isinstance(one, TurnMessage) and one.content and one.role == "assistant"]
    assert len(words) == 1
    assert isinstance(told[-1], Document)


async def test_the_limit_reaches_the_model(agent: SlideAgent) -> None:
    """Two slides asked for, two slides made."""
    _, html = await ask(agent, "revenue by region", max_slides=2)
    assert len(parse(html).slides) == 2


async def test_a_question_that_the_data_refuse_ends_in_plain_words(agent: SlideAgent) -> None:
    """The tool's error is told to the model, which tells the person; there is no document."""
    said, html = await ask(agent, "headcount by region")
    assert html == ""
    assert "no such column: headcount" in said[-1].content


async def test_an_error_that_nobody_foresaw_ends_the_turn() -> None:
    """Defects are not put into words for the model."""
    with pytest.raises(RuntimeError, match="on fire"):
        await ask(slide_agent(EmbeddedSlideModel(), {"": BrokenSpace()}), "revenue by region")


async def test_html_between_fences_is_found() -> None:
    """Language models put HTML between fences, and a word behind it."""
    answer = 'Here.\n\n```html\n<html><div class="slide"></div></html>\n```\nEnjoy!'
    said, html = await ask(scripted(answer), "anything")
    assert ([one.content for one in said], html) == (["Here."], '<html><div class="slide"></div></html>')


async def test_turns_do_not_mix(agent: SlideAgent) -> None:
    """One agent takes many turns at once, each with its own answer."""
    asked = [f"{measure} by {part}" for measure in ("revenue", "units", "cost") for part in ("region", "product")]
    turns = await asyncio.gather(*(ask(agent, question) for question in asked))
    assert [calls(said)[0]["args"]["query"] for said, _ in turns] == asked
