"""The agent's part of a turn: a person's message goes in, and what is said on the way comes out as it is said."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)

from app.agent.agent import SlideAgent
from app.agent.errors import require_whole
from app.decks.deck import split_answer

Role = Literal["user", "assistant", "tool"]


@dataclass(frozen=True)
class TurnMessage:
    """One message. `tool_call` is the call that it makes, `tool_call_id` the call that it makes or answers."""

    role: Role
    content: str
    timestamp: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    tool_call: ToolCall | None = None
    tool_call_id: str | None = None


@dataclass(frozen=True)
class Document:
    """The HTML that the agent wrote."""

    html: str


@dataclass(frozen=True)
class Briefing:
    """What the agent is told: its task, what was said before in words, and what is said now."""

    task: str
    before: Sequence[tuple[Role, str]]
    message: str

    def messages(self) -> list[BaseMessage]:
        """The same as LangChain's messages."""
        earlier = [AIMessage(words) if role == "assistant" else HumanMessage(words) for role, words in self.before]
        return [SystemMessage(self.task), *earlier, HumanMessage(self.message)]


async def converse(agent: SlideAgent, briefing: Briefing) -> AsyncGenerator[TurnMessage | Document, None]:
    """Run the agent. Words come as soon as the model has turned from them to its document, not when that is done.

    Raises what the model raises, and what its tools raise beyond `GenieError`.
    """
    early = _EarlyWords()
    stream: Any = agent.astream({"messages": briefing.messages()}, stream_mode=["updates", "messages"])
    async with aclosing(stream) as parts:
        async for kind, part in parts:
            if kind == "messages":
                for words in early.add(part[0]):
                    yield TurnMessage("assistant", words)
            else:
                for message in _messages(part):
                    if isinstance(message, AIMessage):
                        require_whole(message)
                    for one in _turn_messages(message, is_sent=message.id in early.sent):
                        yield one


class _EarlyWords:
    """The words before the document, from the pieces in which the model's answer comes."""

    def __init__(self) -> None:
        self.sent: set[str | None] = set()
        self._texts: dict[str | None, str] = {}

    def add(self, piece: AnyMessage) -> list[str]:
        """The words, once for each message, when the first of its document is there."""
        if not isinstance(piece, AIMessageChunk) or piece.id in self.sent:
            return []
        text = self._texts[piece.id] = self._texts.get(piece.id, "") + piece.text
        words, document = split_answer(text)
        if not document:
            return []
        self.sent.add(piece.id)
        return [words] if words else []


def _messages(update: dict[str, Any]) -> list[AnyMessage]:
    return [message for step in update.values() for message in (step or {}).get("messages", [])]


def _turn_messages(message: AnyMessage, *, is_sent: bool) -> list[TurnMessage | Document]:
    if isinstance(message, ToolMessage):
        return [TurnMessage("tool", message.text, tool_call_id=message.tool_call_id)]
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    words, html = split_answer(message.text)
    messages: list[TurnMessage | Document] = [TurnMessage("assistant", words)] if words and not is_sent else []
    messages += [TurnMessage("assistant", "", tool_call=call, tool_call_id=call["id"]) for call in calls]
    return [*messages, Document(html)] if html else messages
