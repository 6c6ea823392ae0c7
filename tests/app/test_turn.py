"""One turn of the agent, from the question to the parsed deck."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from app.agent.agent import SlideAgent, slide_agent
from app.agent.deck import NotADeckError
from app.agent.model import EmbeddedSlideModel
from app.agent.turn import Turn, take_turn
from app.data.genie import EmbeddedSpace, GenieAnswer

PROMPT = "Write slides, at most {max_slides} slides."
pytestmark = pytest.mark.anyio


class BrokenSpace:
    """Data that cannot be reached, for a reason that nobody foresaw."""

    def ask(self, query: str) -> GenieAnswer:
        """Fail."""
        raise RuntimeError("the disk is on fire")


@pytest.fixture
def agent() -> SlideAgent:
    """The agent as the app builds it."""
    return slide_agent(EmbeddedSlideModel(), EmbeddedSpace())


async def ask(agent: SlideAgent, message: str, max_slides: int = 10) -> Turn:
    """Take one turn."""
    return await take_turn(agent, PROMPT, message, max_slides)


async def test_a_turn_keeps_what_was_said_in_order(agent: SlideAgent) -> None:
    """Question, calls, the answer to each call by its id, the final words."""
    turn = await ask(agent, "revenue by region in 2024")
    assert [said.role for said in turn.messages] == [
        *("user", "assistant", "tool"),
        *("assistant", "assistant", "tool", "tool"),
        "assistant",
    ]
    called = [said.tool_call_id for said in turn.messages if said.tool_call]
    answered = [said.tool_call_id for said in turn.messages if said.role == "tool"]
    assert turn.tool_calls == 3
    assert sorted(map(str, answered)) == sorted(map(str, called))


async def test_messages_bear_the_time_at_which_they_were_said(agent: SlideAgent) -> None:
    """Times never run backwards."""
    turn = await ask(agent, "revenue by region")
    assert all(earlier.timestamp <= later.timestamp for earlier, later in pairwise(turn.messages))


async def test_the_deck_is_parsed_from_the_answer(agent: SlideAgent) -> None:
    """Words go to the person, the document becomes slides."""
    turn = await ask(agent, "revenue by region in 2024")
    assert turn.deck
    assert turn.deck.title == "North leads with 36% of revenue in 2024"
    assert turn.html.startswith("<!DOCTYPE html>")
    assert "<!DOCTYPE" not in turn.messages[-1].content


async def test_the_limit_reaches_the_model(agent: SlideAgent) -> None:
    """Two slides asked for, two slides made."""
    turn = await ask(agent, "revenue by region", max_slides=2)
    assert turn.deck
    assert len(turn.deck.slides) == 2


async def test_a_question_that_the_data_refuse_ends_in_plain_words(agent: SlideAgent) -> None:
    """The tool's error is told to the model, which tells the person; there is no deck."""
    turn = await ask(agent, "headcount by region")
    assert turn.deck is None
    assert turn.html == ""
    assert "no such column: headcount" in turn.messages[-1].content


async def test_an_error_that_nobody_foresaw_ends_the_turn() -> None:
    """Defects are not put into words for the model."""
    with pytest.raises(RuntimeError, match="on fire"):
        await ask(slide_agent(EmbeddedSlideModel(), BrokenSpace()), "revenue by region")


async def test_html_without_slides_is_an_error() -> None:
    """A model that writes a document without slides has not made a deck."""
    answers: Any = iter([AIMessage("<!DOCTYPE html><p>no slides</p>")])
    with pytest.raises(NotADeckError):
        await ask(slide_agent(_Toolless(messages=answers), EmbeddedSpace()), "anything")


async def test_turns_do_not_mix(agent: SlideAgent) -> None:
    """One agent takes many turns at once, each with its own answer."""
    asked = [f"{measure} by {part}" for measure in ("revenue", "units", "cost") for part in ("region", "product")]
    turns = await asyncio.gather(*(ask(agent, question) for question in asked))
    first_calls = [next(said.tool_call for said in turn.messages if said.tool_call) for turn in turns]
    assert [call["args"]["query"] for call in first_calls] == asked


class _Toolless(GenericFakeChatModel):
    """LangChain's scripted model, which takes tools and never calls them."""

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        """Ignore the tools."""
        return self
