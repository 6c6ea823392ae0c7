"""One turn: a person's message goes through the agent, and what was said on the way is kept with its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from opentelemetry import trace

from app.agent import deck
from app.agent.agent import SlideAgent
from app.agent.deck import Deck

_tracer = trace.get_tracer("app.agent")


@dataclass(frozen=True)
class Said:
    """One message. `tool_call` is the call that it makes, `tool_call_id` the call that it makes or answers."""

    role: Literal["user", "assistant", "tool"]
    content: str
    timestamp: datetime
    tool_call: ToolCall | None = None
    tool_call_id: str | None = None


@dataclass(frozen=True)
class Turn:
    """What a turn brought: the messages in order, and the deck with its HTML, unless the answer was words alone."""

    messages: tuple[Said, ...]
    html: str
    deck: Deck | None

    @property
    def tool_calls(self) -> int:
        """How often the data were asked."""
        return sum(1 for message in self.messages if message.tool_call)


async def take_turn(agent: SlideAgent, prompt: str, message: str, max_slides: int) -> Turn:
    """Run the agent on one message. Raises what the model raises, and `NotADeckError` for HTML without slides."""
    with _tracer.start_as_current_span("turn"):
        said = [Said("user", message, _now())]
        html = ""
        async with aclosing(_conversation(agent, prompt.format(max_slides=max_slides), message)) as conversation:
            async for spoken in conversation:
                words, html = deck.split_answer(spoken.text)
                said += _said(spoken, words)
        # In a thread: a long document takes longer than an event loop may stand still.
        return Turn(tuple(said), html, await asyncio.to_thread(_parse, html) if html else None)


async def _conversation(agent: SlideAgent, prompt: str, message: str) -> AsyncGenerator[AnyMessage, None]:
    """The agent's messages, each as soon as it is there."""
    asked = {"messages": [SystemMessage(prompt), HumanMessage(message)]}
    async for update in agent.astream(asked, stream_mode="updates"):
        for step in update.values():
            for spoken in step["messages"]:
                yield spoken


def _said(spoken: AnyMessage, words: str) -> list[Said]:
    now = _now()
    if isinstance(spoken, ToolMessage):
        return [Said("tool", words, now, tool_call_id=spoken.tool_call_id)]
    calls = spoken.tool_calls if isinstance(spoken, AIMessage) else []
    made = [Said("assistant", words, now, tool_call=call, tool_call_id=call["id"]) for call in calls]
    return made or [Said("assistant", words, now)]


def _parse(html: str) -> Deck:
    with _tracer.start_as_current_span("parse_deck") as span:
        parsed = deck.parse(html)
        span.set_attribute("app.slide_count", len(parsed.slides))
        return parsed


def _now() -> datetime:
    return datetime.now(timezone.utc)
