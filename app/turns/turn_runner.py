"""One turn from start to end: what was said before, the agent, the deck taken apart, all of it kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from app.agent.agent import SlideAgent
from app.agent.turn import Briefing, Document, TurnMessage, converse
from app.credentials import UserToken, on_behalf_of
from app.data.conversation import in_conversations
from app.decks.deck import Deck, parse, parse_answer
from app.pool import STORE
from app.settings import Prompts
from app.shapes import ChatAnswer, Metadata
from app.store.decks import StoredDeck
from app.store.tables import Message
from app.store.turns import SessionLease, SessionSnapshot, Turns
from app.turns.answers import deck_shape, message_shape
from app.turns.failures import CANCELLED, explain
from app.turns.traced import TracedTurn, cancelled, failed, step

OnMessage = Callable[[TurnMessage], Awaitable[None]]
TURN = "turn"


@dataclass(frozen=True)
class Order:
    """A turn to be taken in a session that is held for it. `started` is the time (s since 1970) it was ordered at."""

    lease: SessionLease
    message: str
    max_slides: int
    trace_id: str
    trace_url: str
    token: UserToken | None = None
    started: float = field(default_factory=time.time)


@dataclass(frozen=True)
class _TurnResult:
    messages: list[TurnMessage]
    deck: Deck | None
    conversation_id: str


class TurnRunner:
    """Takes turns, any number of sessions side by side."""

    def __init__(self, turns: Turns, agent: SlideAgent, prompts: Prompts, mode: str) -> None:
        self._turns = turns
        self._agent = agent
        self._prompts = prompts
        self._mode = mode

    async def turn(self, order: Order, on_message: OnMessage) -> ChatAnswer:
        """Take the turn under a span of its own."""
        with step(TURN, "AGENT"):
            return await self.take(order, on_message)

    async def take(self, order: Order, on_message: OnMessage) -> ChatAnswer:
        """Take the turn; `on_message` is told what is said as it is said. Whatever happens, the session is let go of.

        Raises what the model raises, `NotADeckError` for a document without slides, `CancelledError`.
        """
        params = {"mode": self._mode, "max_slides": order.max_slides, "session_id": order.lease.session_id}
        traced = TracedTurn(order.message, order.max_slides, params)
        messages = [TurnMessage("user", order.message)]
        try:
            snapshot = await STORE.run(self._turns.snapshot, order.lease)
            result = await self._answer(order, snapshot, messages, on_message)
            kept = await self._save(order, result)
        except BaseException as error:
            await self.give_up(order, error, messages)
            raise
        answer = await STORE.run(self._conclude, order, result, kept)
        traced.complete(answer.session_id, *_results(order, answer, result.deck))
        return answer

    async def _answer(
        self, order: Order, snapshot: SessionSnapshot, messages: list[TurnMessage], on_message: OnMessage
    ) -> _TurnResult:
        html = ""
        with on_behalf_of(order.token), in_conversations(snapshot.conversation_id) as conversations:
            async with aclosing(converse(self._agent, self._brief(order, snapshot))) as conversing:
                async for one in conversing:
                    if isinstance(one, Document):
                        html = one.html
                    else:
                        messages.append(one)
                        await on_message(one)
        # In a thread: a long document takes longer than an event loop may stand still.
        deck = await STORE.run(_parse, html) if html else None
        return _TurnResult(messages, deck, conversations.to_text())

    def _brief(self, order: Order, snapshot: SessionSnapshot) -> Briefing:
        # No templates: prompts are full of CSS, and its braces mean themselves.
        task = self._prompts.task.replace("{max_slides}", str(order.max_slides))
        if snapshot.deck.html:
            task += self._prompts.deck.replace("{deck}", snapshot.deck.html)
        words = [(row.role, row.content) for row in snapshot.messages if row.role != "tool" and row.content]
        return Briefing(task, words, order.message)  # type: ignore[arg-type]

    async def _save(self, order: Order, result: _TurnResult) -> StoredDeck:
        with step("save_turn", "TASK"):
            deck = result.deck.html if result.deck else ""
            rows = [_row(order, one) for one in result.messages]
            kept = await STORE.run(
                self._turns.finish, order.lease, rows, deck=deck, conversation_id=result.conversation_id
            )
            if kept is None:
                raise asyncio.CancelledError
            return kept

    async def give_up(self, order: Order, error: BaseException, messages: Sequence[TurnMessage] = ()) -> None:
        """Let go of the session, with a word why; nothing happens if the turn is over already."""
        is_cancelled = isinstance(error, asyncio.CancelledError)
        why = CANCELLED if is_cancelled else explain(error).detail
        (cancelled if is_cancelled else failed)(why)
        farewell = TurnMessage("assistant", why)
        rows = [_row(order, one) for one in (*(messages or [TurnMessage("user", order.message)]), farewell)]
        await STORE.run(self._turns.abandon, order.lease, rows)

    def _conclude(self, order: Order, result: _TurnResult, kept: StoredDeck) -> ChatAnswer:
        deck = result.deck or (parse(kept.html) if kept.html else None)
        return ChatAnswer(
            session_id=order.lease.session_id,
            messages=[message_shape(one) for one in result.messages],
            slide_deck=deck_shape(deck, kept.version) if deck else None,
            raw_html=deck.html if deck else "",
            metadata=Metadata(
                latency_seconds=round(time.time() - order.started, 3),
                tool_calls=sum(1 for one in result.messages if one.tool_call),
                message_count=len(result.messages),
                mode=self._mode,
                trace_id=order.trace_id,
                trace_url=order.trace_url,
            ),
        )


def _results(order: Order, answer: ChatAnswer, made: Deck | None) -> tuple[dict[str, Any], dict[str, float]]:
    """What came out, and its figures; `made` is the deck if it is of this turn."""
    slides = [slide.slide_id for slide in made.slides] if made else []
    metrics: dict[str, float] = {
        # From the order to the deck, where the request itself was answered before.
        "latency_seconds": answer.metadata.latency_seconds,
        "tool_calls": answer.metadata.tool_calls,
        "messages": answer.metadata.message_count,
        "slides": len(slides),
        "message_characters": len(order.message),
    }
    return {"answer": answer.messages[-1].content, "slides": slides}, metrics


def _parse(html: str) -> Deck:
    with step("parse_deck", "PARSER") as span:
        parsed = parse_answer(html)
        span.set_attribute("app.slide_count", len(parsed.slides))
        return parsed


def _row(order: Order, message: TurnMessage) -> Message:
    shape = message_shape(message)
    return Message(
        session_id=order.lease.session_id,
        role=message.role,
        content=message.content,
        timestamp=message.timestamp,
        tool_call=shape.tool_call.model_dump() if shape.tool_call else None,
        tool_call_id=message.tool_call_id,
        trace_id=order.trace_id,
        trace_url=order.trace_url,
    )
