"""`POST /api/chat`: one question, one turn of the agent, one answer with its deck and its trace."""

from __future__ import annotations

import time
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

import otel_mlflow
from app.agent.deck import Deck
from app.agent.turn import Said, Turn, take_turn
from app.api.shapes import ChatAnswer, ChatRequest, DeckShape, MessageShape, Metadata, SlideShape, ToolCallShape
from app.services import Services

router = APIRouter()


def services(request: Request) -> Services:
    """What the app was built with."""
    built: Services = request.app.state.services
    return built


@router.post("/api/chat")
async def chat(asked: ChatRequest, using: Annotated[Services, Depends(services)]) -> ChatAnswer:
    """Answer one question."""
    started = time.monotonic()
    session_id = asked.session_id or uuid.uuid4().hex
    otel_mlflow.current_trace().set_session(session_id)
    turn = await take_turn(using.agent, using.settings.prompt, asked.message, asked.max_slides)
    return _answer(session_id, turn, using.mode, time.monotonic() - started)


def _answer(session_id: str, turn: Turn, mode: str, seconds: float) -> ChatAnswer:
    trace = otel_mlflow.current_trace()
    return ChatAnswer(
        session_id=session_id,
        messages=[_message(said) for said in turn.messages],
        slide_deck=_deck(turn.deck) if turn.deck else None,
        raw_html=turn.html,
        metadata=Metadata(
            latency_seconds=round(seconds, 3),
            tool_calls=turn.tool_calls,
            message_count=len(turn.messages),
            mode=mode,
            trace_id=trace.id,
            trace_url=trace.url,
        ),
    )


def _message(said: Said) -> MessageShape:
    call = said.tool_call
    return MessageShape(
        role=said.role,
        content=said.content,
        timestamp=said.timestamp,
        tool_call=ToolCallShape(name=call["name"], arguments=call["args"]) if call else None,
        tool_call_id=said.tool_call_id,
    )


def _deck(deck: Deck) -> DeckShape:
    return DeckShape(
        title=deck.title,
        slide_count=len(deck.slides),
        css=deck.css,
        external_scripts=list(deck.external_scripts),
        scripts=deck.scripts,
        slides=[SlideShape(index=slide.index, slide_id=slide.slide_id, html=slide.html) for slide in deck.slides],
    )
